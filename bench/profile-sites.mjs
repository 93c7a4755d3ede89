// How exact a profile is at the default rate: a program keeps 47 MB at each of seven known sites, and each site's bytes
// in use are compared with that, over ten runs. node bench/profile-sites.mjs [--runs 10] [--nodes 20,22,24,26]
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { nodeRelease } from '../scripts/nodes.mjs'
import { root } from '../scripts/run.mjs'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10' }, nodes: { type: 'string', default: '' } },
})
const require = createRequire(path.join(root, 'dist/'))
const { named } = require('./profile/names.js')
const { readRaw } = require('./profile/raw.js')

const blocks = 1000
const planted = blocks * 48 * 1024
const sites = {
  'JavaScript, three functions deep': 'depthThree',
  'an async function': 'asynchronous',
  'a method': 'keepInStore',
  'a worker': 'inWorker',
  "an addon's malloc": 'planted::grow_by_malloc(unsigned long)',
  'an external Buffer': 'planted::make_external(unsigned long)',
  'new of C++': 'planted::Row::grow_by_new(unsigned long)',
}

const folder = mkdtempSync(path.join(root, 'build', 'bench-sites-'))
const addon = path.join(folder, 'planted.node')
const include = path.join(root, 'node_modules/node-api-headers/include')
const flags = ['-std=c++17', '-O2', '-g', '-shared', '-fPIC', '-DNAPI_VERSION=8', '-I', include]
execFileSync('c++', [...flags, '-o', addon, path.join(root, 'native/test/addon/planted.cc')])

/** Each site's bytes in use over those that it keeps, in one run. */
function shares(node) {
  const raw = path.join(folder, 'heap.raw')
  rmSync(raw, { force: true })
  const program = path.join(root, 'build/test/programs/planted.mjs')
  const words = [
    'run',
    `--profile=${raw}`,
    '--profile-exact',
    '--',
    node,
    program,
    addon,
    String(blocks),
    raw,
  ]
  const { signal, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'dist/cli/main.js'), ...words],
    { encoding: 'utf8' },
  )
  if (signal !== 'SIGKILL') throw new Error(stderr)
  const { stacks, pid } = named(readRaw(raw))
  rmSync(`/tmp/perf-${pid}.map`, { force: true })
  return Object.values(sites).map(
    (name) =>
      stacks
        .filter(({ frames }) => frames.some((frame) => frame.name === name))
        .reduce((sum, { inUseBytes }) => sum + inUseBytes, 0) / planted,
  )
}

const nodes =
  values.nodes === '' ? [process.execPath] : values.nodes.split(',').map((one) => nodeRelease(one))
for (const node of nodes) {
  const runs = Array.from({ length: Number(values.runs) }, () => shares(node))
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`\n| ${version} | mean of ${runs.length} | least | most |\n|---|--:|--:|--:|`)
  for (const [i, site] of Object.keys(sites).entries()) {
    const found = runs.map((run) => run[i])
    const mean = found.reduce((a, b) => a + b) / found.length
    const percent = (value) => `${(100 * value).toFixed(0)} %`
    console.log(
      `| ${site} | ${percent(mean)} | ${percent(Math.min(...found))} | ${percent(Math.max(...found))} |`,
    )
  }
}
rmSync(folder, { recursive: true })
