// A program allocates the same number of bytes at known sites; the profile must give each site its bytes, by name.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import type { Frame } from '#dist/profile/frame'
import { named } from '#dist/profile/names'
import type { Profile } from '#dist/profile/profile'
import { readRaw } from '#dist/profile/raw'
import { compileAddon } from './support/addons.mjs'
import { ended, main, plainEnvironment } from './support/cli.mjs'
import { folderOf } from './support/profiles.mjs'

const program = fileURLToPath(new URL('programs/planted.mjs', import.meta.url))
const addonSource = 'native/test/addon/planted.cc'
const blocks = 400
const planted = blocks * 48 * 1024
/** Every block of 48 KiB is sampled but for one of 400, so that no estimate depends on luck. */
const mean = '8K'

/** This Node, and the releases that scripts/nodes.mjs has installed. */
const nodesFolder = path.resolve('build/nodes')
const others = existsSync(nodesFolder)
  ? readdirSync(nodesFolder)
      .filter((name) => name.startsWith(`${process.arch}-`))
      .map((name) =>
        path.join(nodesFolder, name, `node_modules/node-linux-${process.arch}/bin/node`),
      )
  : []

/** Functions that must be in a stack in this order, the innermost first, and the site's own line. */
const sites = {
  'three functions deep': ['depthThree', 'depthTwo', 'depthOne'],
  'an async function': ['asynchronous'],
  'a method': ['keepInStore'],
  'a worker': ['inWorker'],
  "an addon's malloc": ['planted::grow_by_malloc(unsigned long)', 'throughMalloc'],
  'an external Buffer': ['planted::make_external(unsigned long)', 'throughExternal'],
  'new of C++': ['planted::Row::grow_by_new(unsigned long)', 'throughNew'],
}

const scriptLines = readFileSync(program, 'utf8').split('\n')
const addonLines = readFileSync(addonSource, 'utf8').split('\n')

/** Whether a frame says where the function is: of a script its own line, of the addon one in its body. */
function isAtItsLine({ name, kind, file, line }: Frame): boolean {
  if (kind === 'javascript')
    return file === program && new RegExp(`\\b${name}\\(`).test(scriptLines[line - 1] ?? '')
  if (kind === 'unknown') return true
  const short = name.match(/(\w+)\(/)?.[1] ?? ''
  const start = addonLines.findIndex((text) => text.includes(`${short}(size_t`)) + 1
  return path.basename(file) === 'planted.cc' && line >= start && line <= start + 3
}

function bytesOf(profile: Profile, names: readonly string[]): number {
  let sum = 0
  for (const { frames, inUseBytes } of profile.stacks) {
    let from = 0
    const found = names.every((name) => {
      const at = frames.findIndex((frame, i) => i >= from && frame.name === name)
      from = at + 1
      return at >= 0 && isAtItsLine(frames[at] as Frame)
    })
    if (found) sum += inUseBytes
  }
  return sum
}

async function profiled(t: ExecutionContext, node: string, options: string[] = []) {
  const folder = folderOf(t)
  const addon = compileAddon(addonSource, folder)
  const raw = path.join(folder, 'heap.raw')
  const run = ['run', `--profile=${raw}`, `--profile-mean=${mean}`, ...options, '--']
  const args = [main, ...run, node, program, addon, String(blocks), raw]
  const { signal, stderr } = await ended(process.execPath, args, { env: plainEnvironment() })
  t.is(signal, 'SIGKILL', stderr)
  return { folder, addon, profile: named(readRaw(raw)) }
}

const linuxTest = process.platform === 'linux' ? test : test.skip

for (const node of new Set([process.execPath, ...others]))
  linuxTest(`each site has its bytes, by function and line: ${node}`, async (t) => {
    const { profile } = await profiled(t, node)
    for (const [site, names] of Object.entries(sites)) {
      const share = bytesOf(profile, names) / planted
      t.log(`${site}: ${(100 * share).toFixed(1)} %`)
      t.true(share >= 0.95 && share <= 1.1, `${site}: ${share}`)
    }
  })

linuxTest('without the engine’s map the addon has its bytes, and JavaScript is one', async (t) => {
  const { profile } = await profiled(t, process.execPath, ['--no-engine-map'])
  for (const name of Object.values(sites).flatMap((names) => names.filter(isNative))) {
    const share = bytesOf(profile, [name, 'JavaScript']) / planted
    t.true(share >= 0.95 && share <= 1.1, `${name}: ${share}`)
  }
  const nameless = bytesOf(profile, ['JavaScript']) / planted
  t.true(nameless > 6, String(nameless))
})

function isNative(name: string): boolean {
  return name.startsWith('planted::')
}
