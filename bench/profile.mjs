// What profiling costs: processor time and peak memory of a JSON loop, of an Express server under load, and of the
// workload random-mixed, in interleaved rounds. jemalloc's profiler stands beside it, if Debian's libjemalloc2 is
// installed. node bench/profile.mjs [--runs 9] [--only json,express,random-mixed] [--csv file]
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { npm, root } from '../scripts/run.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '9' },
    only: { type: 'string', default: 'json,express,random-mixed' },
    csv: { type: 'string' },
    /** A pattern of ways to measure. */
    ways: { type: 'string', default: '' },
  },
})
const runs = Number(values.runs)
const folder = mkdtempSync(path.join(root, 'build', 'bench-profile-'))
const main = path.join(root, 'dist/cli/main.js')
const child = path.join(root, 'bench/profile-child.mjs')
const jemalloc = '/usr/lib/x86_64-linux-gnu/libjemalloc.so.2'
const raw = path.join(folder, 'heap.raw')
const map = '--perf-basic-prof --interpreted-frames-native-stack'
const profiling = `prof:true,lg_prof_sample:19,prof_final:true,prof_prefix:${path.join(folder, 'jeprof')}`

/** Ways to start a program: what stands before it, and the environment. */
const ways = {
  'superslab, no profile': { before: ['run', '--'] },
  'sampling alone': { before: ['run', `--profile=${raw}`, '--no-engine-map', '--'] },
  'sampling and names': { before: ['run', `--profile=${raw}`, '--'] },
  'the same, nothing inlined': { before: ['run', `--profile=${raw}`, '--profile-exact', '--'] },
  'the engine’s map alone': { before: ['run', '--'], env: { NODE_OPTIONS: map } },
  ...(existsSync(jemalloc) && {
    'jemalloc, no profile': { env: { LD_PRELOAD: jemalloc } },
    'jemalloc, prof:true': { env: { LD_PRELOAD: jemalloc, MALLOC_CONF: profiling } },
  }),
}

const work = {
  json: (way) => measure(way, ['json', '60000']),
  express: async (way) => {
    const requests = 8000
    const run = start(way, ['express', String(requests), expressFolder()])
    const port = Number(await new Promise((resolve) => run.process.stdout.once('data', resolve)))
    await load(port, requests)
    return run.result
  },
  'random-mixed': (way) => standalone(way),
}

/** Ways that say something about a program without JavaScript. */
const native = (name) => !/names|map|inlined/.test(name)

function commandOf({ before, env }, words) {
  const command = before ? [main, ...before, process.execPath, ...words] : words
  return { command, env: { ...process.env, ...env } }
}

function start(way, args) {
  const { command, env } = commandOf(way, [child, ...args])
  const run = spawn(process.execPath, command, {
    ...{ env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  })
  let text = ''
  run.stdout.on('data', (chunk) => {
    text += chunk
  })
  const result = new Promise((resolve, reject) => {
    run.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text.trim().split('\n').at(-1)))
      else reject(new Error(`${args[0]} ended with ${code}`))
    })
  })
  return { process: run, result }
}

function measure(way, args) {
  return start(way, args).result
}

/** The allocator's own benchmark, with its malloc preloaded; its start is a part of the time, in all ways alike. */
function standalone({ before, env }) {
  const program = path.join(root, 'build/Release/superslab-bench')
  const words = ['random-mixed', '--allocator', 'system', '--threads', '1', '--ops', '40000000']
  const command = [...(before ? [process.execPath, main, ...before] : []), program, ...words]
  const { stdout, stderr, status } = spawnSync('bash', ['-c', 'time "$@"', 'bash', ...command], {
    env: { ...process.env, ...env, TIMEFORMAT: '%U %S' },
    cwd: folder,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`random-mixed: ${stderr}`)
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number)
  return { seconds: user + system, peak: JSON.parse(stdout).peakRssBytes }
}

let expressPlace
function expressFolder() {
  if (!expressPlace) {
    expressPlace = path.join(root, 'build', 'bench-express')
    if (!existsSync(path.join(expressPlace, 'node_modules/express'))) {
      mkdirSync(expressPlace, { recursive: true })
      writeFileSync(path.join(expressPlace, 'package.json'), '{ "private": true }\n')
      npm(['install', '--ignore-scripts', '--no-save', 'express@5'], expressPlace)
    }
  }
  return expressPlace
}

const order = JSON.stringify({
  items: Array.from({ length: 40 }, (_, i) => ({ sku: `sku-${i}`, count: i, price: i * 1.25 })),
})

/** Sends requests on eight connections. */
async function load(port, requests) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 })
  let left = requests
  const one = (i) =>
    new Promise((resolve, reject) => {
      const post = i % 4 !== 0
      const headers = post ? { 'content-type': 'application/json' } : {}
      const options = { port, agent, headers, method: post ? 'POST' : 'GET' }
      const request = http.request(
        { ...options, path: post ? `/orders/${i}` : '/file' },
        (response) => response.resume().on('end', resolve),
      )
      request.on('error', reject)
      request.end(post ? order : undefined)
    })
  const client = async () => {
    while (left > 0) await one(left--)
  }
  await Promise.all(Array.from({ length: 8 }, client))
  agent.destroy()
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

const lines = ['work,way,run,seconds,peak_bytes']
for (const name of values.only.split(',')) {
  const chosen = Object.entries(ways).filter(
    ([way]) => (name !== 'random-mixed' || native(way)) && new RegExp(values.ways).test(way),
  )
  const results = new Map(chosen.map(([way]) => [way, []]))
  for (let run = 0; run < runs; run++)
    for (const [way, how] of run % 2 === 0 ? chosen : chosen.toReversed()) {
      const result = await work[name](how)
      results.get(way).push(result)
      lines.push([name, `"${way}"`, run, result.seconds, result.peak].join(','))
    }
  console.log(`\n| ${name} | processor time, s | over no profile | peak, MiB |\n|---|--:|--:|--:|`)
  for (const [way, measured] of results) {
    const base = results.get(
      way.startsWith('jemalloc') ? 'jemalloc, no profile' : 'superslab, no profile',
    )
    // Each round is compared with its own neighbour, so that the machine's course does not count.
    const ratio = median(measured.map(({ seconds }, i) => seconds / base[i].seconds))
    const time = median(measured.map(({ seconds }) => seconds))
    const peak = median(measured.map(({ peak }) => peak)) / 2 ** 20
    console.log(
      `| ${way} | ${time.toFixed(2)} | ${((ratio - 1) * 100).toFixed(1)} % | ${peak.toFixed(0)} |`,
    )
  }
}
if (existsSync(raw)) console.log(`\nraw profile: ${statSync(raw).size} bytes`)
if (values.csv) writeFileSync(values.csv, `${lines.join('\n')}\n`)
rmSync(folder, { recursive: true })
