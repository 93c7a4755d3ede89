// One process of pool-burst.mjs --work pipeline: the workload `pipeline` of native/bench, by the process's own
// malloc, on the threads of libuv's pool. Prints its figures as JSON.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { addon } from '../dist/addon.js'

const { ops, threads } = JSON.parse(process.argv[2])
const kilobytes = (name) =>
  Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1])

const workload = addon.benchWorkloads().find(({ name }) => name === 'pipeline')
const { sizeMin, sizeMax, slots, seed } = workload
await sleep(500)
const before = kilobytes('VmRSS') / 1000
const result = addon.benchRun(
  ...['pipeline', 'system', threads, ops, sizeMin, sizeMax, slots, seed, true],
)
if (result.error) throw new Error(result.error)
const megabytes = (bytes) => bytes / 1e6
const peak = kilobytes('VmHWM') / 1000
const peakLive = megabytes(result.peakLiveBytes)
console.log(
  JSON.stringify({
    figures: {
      before,
      peak,
      peakLive,
      ratio: (peak - before) / peakLive,
      live: megabytes(result.liveBytes),
      idle: megabytes(result.idleRssBytes),
      beyond: megabytes(result.idleRssBytes - result.liveBytes) - before,
      freed: megabytes(result.freedRssBytes) - before,
      'ops/s': result.ops / result.seconds,
    },
    maps: readFileSync('/proc/self/maps', 'utf8'),
  }),
)
