// A burst on libuv's pool, then idling: the memory that a Node service keeps.
//
//   node bench/pool-burst.mjs [--work compress] [--seconds 20] [--idle 5]     64 operations at a time (gzip,
//     gunzip, brotli) on buffers of 2 KB to 1 MB; then the process idles; then the same again
//   node bench/pool-burst.mjs --work pipeline [--ops 22000]     blocks of 256 B to 8 MiB, as in `superslab bench pipeline`
//
//   [--rounds 5] [--allocators system,jemalloc,superslab] [--csv FILE] [--resume FILE]
//
// The pool has 8 threads. Each allocator runs in a process of its own, preloaded, in turns, every other round in the
// opposite order. With --resume each measurement is kept in the file, and the next call goes on from there.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { addon } from '../dist/addon.js'
import allocators from '../dist/cli/bench/allocators.js'
import journals from '../dist/cli/bench/journal.js'
import machines from '../dist/cli/bench/machine.js'
import statistics from '../dist/cli/bench/statistics.js'

const THREADS = 8

const { values } = parseArgs({
  options: {
    work: { type: 'string', default: 'compress' },
    seconds: { type: 'string', default: '20' },
    idle: { type: 'string', default: '5' },
    ops: { type: 'string', default: '22000' },
    rounds: { type: 'string', default: '5' },
    allocators: { type: 'string', default: 'system,jemalloc,superslab' },
    csv: { type: 'string' },
    resume: { type: 'string' },
  },
})
const works = {
  compress: {
    child: 'pool-burst-child.mjs',
    parameters: { seconds: Number(values.seconds), idle: Number(values.idle) },
    legend: [
      'MB resident before, at the peak and after the idle time of each burst; v8: by how much its heap and buffers',
      'had grown then; cpu: milliseconds of processor time an operation.',
    ],
  },
  pipeline: {
    child: 'pool-pipeline-child.mjs',
    parameters: { ops: Number(values.ops), threads: THREADS },
    legend: [
      'MB resident before, at the peak and two seconds into the wait (idle), and live then; ratio: of the peak beyond',
      'what was resident before to the most that was live; beyond, freed: resident beyond what was before and what is',
      'live, in the wait and two seconds after all was freed.',
    ],
  },
}
const work = works[values.work]
if (!work) throw new Error(`--work is one of ${Object.keys(works).join(', ')}`)

function library(name) {
  if (name === 'system') return undefined
  if (name === 'superslab') return path.resolve('build/Release/libsuperslab.so')
  const file = allocators.installedLibrary(name)
  if (!file) throw new Error(`${name} is not installed`)
  return file
}

function run(name) {
  const file = library(name)
  const { LD_PRELOAD: _, ...environment } = process.env
  const env = { ...environment, UV_THREADPOOL_SIZE: String(THREADS) }
  const child = spawnSync(
    process.execPath,
    [path.join(import.meta.dirname, work.child), JSON.stringify(work.parameters)],
    { env: file ? { ...env, LD_PRELOAD: file } : env, encoding: 'utf8' },
  )
  if (child.status !== 0) throw new Error(child.stderr)
  const { figures, maps } = JSON.parse(child.stdout)
  if (file && !maps.includes(path.basename(file))) throw new Error(`${file} was not loaded`)
  return figures
}

const machine = machines.environment(addon.info())
const subject = { work: values.work, ...work.parameters, commit: machine.commit }
const journal = values.resume && new journals.Journal(values.resume, subject)
const names = values.allocators.split(',')
const results = new Map(names.map((name) => [name, []]))
for (let round = 0; round < Number(values.rounds); round++)
  for (const name of round % 2 === 0 ? names : names.toReversed()) {
    const figures = journal ? await journal.next(name, () => run(name)) : run(name)
    results.get(name).push(figures)
  }

const digits = (value) => (Math.abs(value) < 10 ? 2 : 0)
const shown = (value) => value.toFixed(digits(value))
const columns = Object.keys(results.get(names[0])[0])
for (const column of columns)
  for (const [name, rounds] of results) {
    const all = rounds.map((figures) => figures[column])
    const [least, most] = [Math.min(...all), Math.max(...all)].map(shown)
    const label = `${column.padEnd(10)} ${name.padEnd(10)}`
    console.log(`${label} ${shown(statistics.median(all)).padStart(8)}   ${least} to ${most}`)
  }
console.log(work.legend.join('\n'))
console.log(`Medians of ${values.rounds} rounds, and their least and most.`)
console.log(`${machine.cpu}, ${machine.cpus} CPUs, ${machine.kernel}, node ${machine.node}`)

if (values.csv) {
  const shared = { work: values.work, ...work.parameters, ...machine }
  const rows = [...results].flatMap(([allocator, rounds]) =>
    rounds.map((figures, at) => ({ allocator, round: at + 1, ...figures, ...shared })),
  )
  const lines = [Object.keys(rows[0]), ...rows.map((row) => Object.values(row))]
  const cells = (line) => line.map((cell) => JSON.stringify(cell)).join(',')
  writeFileSync(values.csv, `${lines.map(cells).join('\n')}\n`)
}
