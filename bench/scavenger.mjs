// The cost of the background thread.
//
//   node bench/scavenger.mjs speed [--rounds 5]    mid-large-mt with the thread and without it, beside the system's
//     malloc, interleaved
//   node bench/scavenger.mjs idle [--seconds 30]   its processor time: in a node that had a burst and is idle, and in
//     one that does a little every 10 ms; also how often it woke
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gzip } from 'node:zlib'
import { addon } from '../dist/addon.js'
import { superslab, system } from '../dist/cli/bench/allocators.js'
import { environment } from '../dist/cli/bench/machine.js'
import { measureRounds } from '../dist/cli/bench/rounds.js'
import { measureStandalone } from '../dist/cli/bench/standalone.js'
import { suiteCases } from '../dist/cli/bench/suites.js'
import { summarize } from '../dist/cli/bench/summary.js'
import { comparisonTable, machineLines } from '../dist/cli/bench/table.js'

const withoutThread = { name: 'without it' }

async function measure(one, allocator) {
  if (allocator !== withoutThread) return measureStandalone('superslab-bench', one, allocator)
  process.env.SUPERSLAB_DECAY = '-1'
  const measurement = await measureStandalone('superslab-bench', one, superslab)
  delete process.env.SUPERSLAB_DECAY
  return { ...measurement, allocator: allocator.name }
}

async function speed(rounds) {
  const cases = suiteCases('mid-large-mt', {}, [])
  const all = [superslab, withoutThread, system]
  console.log(
    comparisonTable(summarize(await measureRounds(cases, all, rounds, measure, () => {}))),
  )
}

// ---- idle ----

/** Nanoseconds on a processor and times woken of the thread named superslab, if it is there. */
function thread() {
  for (const id of readdirSync('/proc/self/task')) {
    const folder = path.join('/proc/self/task', id)
    if (readFileSync(path.join(folder, 'comm'), 'utf8').trim() !== 'superslab') continue
    const [busy] = readFileSync(path.join(folder, 'schedstat'), 'utf8').split(' ').map(Number)
    const status = readFileSync(path.join(folder, 'status'), 'utf8')
    return { id, busy, woken: Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)[1]) }
  }
  return undefined
}

function work(size) {
  return new Promise((resolve) => {
    gzip(Buffer.alloc(size, JSON.stringify({ size })), resolve)
  })
}

/** Adds up what the thread does; it may end and come again. */
async function watch(seconds, step) {
  const start = performance.now()
  const seen = new Map()
  let present = 0
  let looks = 0
  while (performance.now() - start < seconds * 1000) {
    const now = thread()
    if (now) {
      const first = seen.get(now.id)?.first ?? now
      seen.set(now.id, { first, last: now })
      present++
    }
    looks++
    await step()
  }
  const sum = (key) =>
    [...seen.values()].reduce((all, { first, last }) => all + last[key] - first[key], 0)
  const elapsed = (performance.now() - start) / 1000
  return {
    percent: (sum('busy') / 1e9 / elapsed) * 100,
    woken: sum('woken') / elapsed,
    present: (present / looks) * 100,
  }
}

async function child(seconds) {
  await Promise.all(Array.from({ length: 200 }, (_, i) => work(20_000 * (1 + (i % 50)))))
  // Reading the figures takes processor time itself, so it is done seldom.
  const idle = await watch(seconds, () => sleep(1000))
  const little = await watch(seconds, async () => {
    await Promise.all([work(40_000), sleep(10)])
  })
  console.log(JSON.stringify({ idle, little }))
}

function idle(seconds) {
  const env = { ...process.env, LD_PRELOAD: path.resolve('build/Release/libsuperslab.so') }
  const args = [import.meta.filename, 'child', '--seconds', String(seconds)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  for (const [name, { percent, woken, present }] of Object.entries(JSON.parse(stdout)))
    console.log(
      `${name.padEnd(6)} ${percent.toFixed(3)} % of a processor, woken ${woken.toFixed(1)} times a second, ` +
        `there for ${present.toFixed(0)} % of the time`,
    )
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
  },
})
const parts = {
  speed: () => speed(Number(values.rounds)),
  idle: () => idle(Number(values.seconds)),
  child: () => child(Number(values.seconds)),
}
const [part = ''] = positionals
if (!(part in parts)) throw new Error('which part? speed or idle')
await parts[part]()
if (part !== 'child') console.log(machineLines(environment(addon.info())).join('\n'))
