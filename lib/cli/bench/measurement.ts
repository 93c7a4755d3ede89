import { SuperslabError } from '../../errors'

/** One run of one workload over one allocator. */
export interface Measurement {
  workload: string
  allocator: string
  threads: number
  /** Allocations and frees of all threads. */
  ops: number
  seconds: number
  opsPerSecond: number
  /** Processor time of all threads of the run's process. */
  cpuSeconds?: number
  /** Checksum of the operations: if two allocators differ in it, a run is void. */
  checksum: string
  /** Of the run's process, where it had one of its own. */
  peakRssBytes?: number
  minorFaults?: number
  /** The workload's own memory, always resident; not part of the peak RSS. */
  ownBytes?: number
  /** Of a workload that idles: the largest number of live bytes, and the number while it idled. */
  peakLiveBytes?: number
  liveBytes?: number
  /** Resident bytes while it idled the first time, and after it had freed all. */
  idleRssBytes?: number
  freedRssBytes?: number
  /** Of a long run, in turn: operations done, live bytes, and resident bytes beyond those at the start. */
  series?: [ops: number, live: number, resident: number][]
  /** Of a workload that times its calls: how many, and in nanoseconds what half of them, 999 of 1,000 and 9,999 of 10,000
   * did not exceed, less the time for which the thread waited for a processor. */
  calls?: number
  medianNs?: number
  p999Ns?: number
  p9999Ns?: number
  slowestNs?: number
  over100us?: number
  over1ms?: number
  /** The file that holds the allocator's code; its name alone, once it was checked. */
  library?: string
  compiler: string
  flags: string
  /** Which way each allocation and free went; from the trace build only. */
  routes?: Record<string, number>
}

const numbers = [
  'threads',
  'ops',
  'seconds',
  'opsPerSecond',
  'peakRssBytes',
  'minorFaults',
] as const
const strings = ['workload', 'allocator', 'checksum', 'library', 'compiler', 'flags'] as const

/** Reads the line that the standalone benchmark prints. */
export function parseMeasurement(line: string): Measurement {
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(line)
  } catch (cause) {
    throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', `not a measurement: ${line}`, { cause })
  }
  const wrong = [
    ...numbers.filter((name) => typeof fields[name] !== 'number'),
    ...strings.filter((name) => typeof fields[name] !== 'string'),
  ]
  if (wrong.length > 0) {
    const message = `a measurement without ${wrong.join(', ')}: ${line}`
    throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', message)
  }
  // The first run of its process, like all the others.
  const { run: _, ...measurement } = fields
  return measurement as unknown as Measurement
}
