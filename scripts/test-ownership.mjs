// npm run test:ownership: runs the C tests with several threads on two builds, each with and without ThreadSanitizer: one
// as shipped, with atomic reads and writes of a slab's owner, and one with plain ones (SUPERSLAB_TEST_RAW_OWNERSHIP,
// which only this script sets and only native/core/slab/state.h reads).
// Succeeds if the first build has no failure and the second one is seen to race.
import { execFileSync, spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import Table from 'cli-table3'
import { buildPreset } from './cmake.mjs'
import { withoutRandomAddresses } from './ctest.mjs'
import { root } from './run.mjs'

// With plain reads and writes some tests never end. With atomic ones all end, on a busy machine too.
const hungSeconds = { raw: 60, atomic: 300 }
const rounds = Number(process.argv[2] ?? 1)

const builds = [
  { mode: 'raw', sanitizer: 'none' },
  { mode: 'raw', sanitizer: 'thread' },
  { mode: 'atomic', sanitizer: 'none' },
  { mode: 'atomic', sanitizer: 'thread' },
]

const table = new Table({
  head: [
    'ownership',
    'sanitizer',
    'runs',
    'passed',
    'failed',
    'crashed',
    'hung',
    'assertions',
    'races',
  ],
})
const results = []
for (const build of builds) {
  const counts = await runTests(build)
  results.push({ ...build, ...counts })
  const name = build.mode === 'raw' ? 'before (raw)' : 'after (atomic)'
  table.push([name, build.sanitizer, ...Object.values(counts)])
}
console.log(table.toString())

const faultless = results
  .filter(({ mode }) => mode === 'atomic')
  .every((one) => one.passed === one.runs && one.assertions === 0 && one.races === 0)
const seen = results.some(({ mode, races }) => mode === 'raw' && races > 0)
if (!faultless) console.log('FAILED: the atomic reads and writes are not faultless')
if (!seen) console.log('FAILED: the raw reads and writes were not seen to race')
process.exitCode = faultless && seen ? 0 : 1

async function runTests({ mode, sanitizer }) {
  const preset = `ownership-${mode}-${sanitizer}`
  const directory = buildPreset(`${mode}, sanitizer ${sanitizer}`, preset)
  const tests = listTests(directory)
  const queue = Array.from({ length: rounds }, () => tests).flat()
  const counts = { runs: 0, passed: 0, failed: 0, crashed: 0, hung: 0, assertions: 0, races: 0 }
  const work = async () => {
    for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
      const { end, text } = await run(test, mode, sanitizer)
      if (mode === 'atomic' && end !== 'passed') console.log(`${end}: ${test.join(' ')}\n${text}`)
      counts.runs++
      counts[end]++
      counts.assertions += count(text, /^\S+:\d+: .* is false/gm)
      counts.races += count(text, /WARNING: ThreadSanitizer: data race/g)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return counts
}

/** The commands of the tests with several threads, from CTest. */
function listTests(directory) {
  const args = ['--test-dir', directory, '-L', '^threads$', '--show-only=json-v1']
  const { tests } = JSON.parse(execFileSync('ctest', args, { cwd: root, encoding: 'utf8' }))
  return tests.map(({ command }) => command)
}

/** Runs one test; its end is passed, failed, crashed or hung. */
function run(command, mode, sanitizer) {
  const [file, ...args] = [...(sanitizer === 'thread' ? withoutRandomAddresses() : []), ...command]
  const env = { ...process.env, TSAN_OPTIONS: 'halt_on_error=0:exitcode=66:report_thread_leaks=0' }
  const child = spawn(file, args, {
    cwd: path.join(root, 'build'),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const output of [child.stdout, child.stderr])
    output.setEncoding('utf8').on('data', (part) => {
      text += part
    })
  let hung = false
  const timer = setTimeout(() => {
    hung = true
    child.kill('SIGKILL')
  }, hungSeconds[mode] * 1000)
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const ended = code === 0 || code === 77 ? 'passed' : signal === null ? 'failed' : 'crashed'
      resolve({ end: hung ? 'hung' : ended, text })
    })
  })
}

function count(text, pattern) {
  return [...text.matchAll(pattern)].length
}
