// npm run bench:programs: what real packages of Node hold and cost under several allocators.
//
//   node bench/programs/run.mjs [--nodes 20,24] [--rounds 3] [--only sharp,zlib] [--mimalloc FILE] [--folder DIR]
//     [--resume FILE] [--save]
//
// Each run is a process that works for a second or two and then idles for ten. Works run one at a time, and the
// allocators take turns; idle times overlap with the next runs. All runs of a program must print the same digest. The
// packages are installed into --folder, by default a temporary one that is removed at the end. With --resume each run
// is kept in the file, and the next call goes on from there. --save writes docs/programs.md and the raw figures.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import journals from '../../dist/cli/bench/journal.js'
import { contenders } from './contenders.mjs'
import { install, versionsOf } from './install.mjs'
import { programs as all } from './list.mjs'
import { print, save } from './table.mjs'
import { startTrial } from './trial.mjs'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '20,24' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    mimalloc: { type: 'string' },
    folder: { type: 'string' },
    resume: { type: 'string' },
    save: { type: 'boolean', default: false },
  },
})
const names = values.only?.split(',')
const unknown = names?.find((name) => !all.some(({ work }) => work === name))
if (unknown)
  throw new Error(`--only: ${unknown} is none of ${all.map((one) => one.work).join(', ')}`)
const programs = all.filter(({ work }) => !names || names.includes(work))
const rounds = Number(values.rounds)
const allocators = contenders(values.mimalloc)

const folder = values.folder
  ? path.resolve(values.folder)
  : mkdtempSync(path.join(tmpdir(), 'superslab-bench-programs-'))
try {
  await measure()
} finally {
  if (!values.folder) rmSync(folder, { recursive: true, force: true })
}

async function measure() {
  const started = performance.now()
  const releases = install(folder, values.nodes.split(','), programs)
  const subject = { allocators: Object.keys(allocators) }
  const journal = values.resume && new journals.Journal(values.resume, subject)
  const results = []
  const idle = new Set()
  for (let round = 0; round < rounds; round++)
    for (const { major, node, place, programs: usable } of releases)
      for (const { work } of usable)
        for (const allocator of turns(round)) {
          const trial = () => startTrial({ node, place, work, variables: allocators[allocator] })
          const key = `${major} ${work} ${allocator}`
          const { worked, ended } = journal ? kept(journal, key, trial) : trial()
          const end = ended
            .catch((error) => ({ failed: error.message }))
            .then((figures) => add(results, { major, work, allocator, round, ...figures }))
          idle.add(end)
          end.finally(() => idle.delete(end))
          await worked.catch(({ message }) =>
            console.error(`Node ${major}, ${allocator}: ${message}`),
          )
        }
  await Promise.all(idle)
  console.error(`${((performance.now() - started) / 60_000).toFixed(0)} minutes`)
  const facts = {
    ...{ results, releases, allocators: Object.keys(allocators), rounds },
    versions: versionsOf(releases[0].place, releases[0].programs),
  }
  print(facts)
  if (values.save) save(facts)
}

/** The allocators in an order that begins with another one in each round. */
function turns(round) {
  const list = Object.keys(allocators)
  return list.map((_, i) => list[(i + 2 * round) % list.length])
}

/** A run that the journal has, or a new one. One that failed is kept, too. */
function kept(journal, key, trial) {
  let started
  const ended = journal.next(key, () => {
    started = trial()
    return started.ended.catch((error) => ({ failed: error.message }))
  })
  return { worked: started?.worked ?? ended, ended }
}

/** Keeps a result, unless its output differs from that of the first run: then the run is void. */
function add(results, one) {
  const same = ({ major, work, failed }) => major === one.major && work === one.work && !failed
  const first = results.find(same)
  if (!one.failed && first && first.digest !== one.digest) {
    console.error(`Node ${one.major}, ${one.work}: another output under ${one.allocator}`)
    one.failed = 'another output'
    process.exitCode = 1
  }
  results.push(one)
}
