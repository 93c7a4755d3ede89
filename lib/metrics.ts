import type { HeapStats, RawStats } from './addon'
import { type Stats, stats } from './control'
import { argumentType, checkOptions } from './errors'

/** Where it is in what stats() returns. */
type Statistic = keyof RawStats | `heap.${keyof HeapStats}`

interface Metric {
  statistic: Statistic
  /** Stable: dashboards and alerts are written against it. */
  name: string
  type: 'gauge' | 'counter'
  help: string
}

function gauge(statistic: Statistic, name: string, help: string): Metric {
  return { statistic, name: `superslab_${name}`, type: 'gauge', help }
}

function counter(statistic: Statistic, name: string, help: string): Metric {
  return { statistic, name: `superslab_${name}_total`, type: 'counter', help }
}

/** The metrics, by their names in Prometheus. */
export const metrics: readonly Metric[] = [
  gauge('liveBlocks', 'live_blocks', 'Blocks that the program holds'),
  gauge('liveBytes', 'live_bytes', 'What those blocks occupy'),
  gauge('cachedBlocks', 'cached_blocks', 'Freed blocks that threads keep for themselves'),
  gauge('cachedBytes', 'cached_bytes', 'What those blocks occupy'),
  gauge('slabFreeBytes', 'slab_free_bytes', 'Free in slabs'),
  gauge('slabBytes', 'slab_bytes', 'Slabs, their free blocks included'),
  gauge('largeBytes', 'large_bytes', 'Large and huge blocks'),
  gauge('dirtyBytes', 'dirty_bytes', 'Free outside slabs and not given back yet'),
  gauge('metadataBytes', 'metadata_bytes', "The allocator's own state"),
  gauge('reservedBytes', 'reserved_bytes', 'Addresses reserved'),
  gauge('committedBytes', 'committed_bytes', 'Addresses made usable'),
  counter('givenBackBytes', 'given_back_bytes', 'Given back to the system'),
  gauge('slabCount', 'slabs', 'Slabs'),
  gauge('threadCount', 'threads', 'Threads that have a heap'),
  counter('guardedReads', 'guarded_reads', "Reads of memory that is not superslab's"),
  counter('foreignFrees', 'foreign_frees', 'Frees of pointers that were no block'),
  gauge('lostBlocks', 'lost_blocks', 'Counted as live in a forked child, and lost to it'),
  gauge('lostBytes', 'lost_bytes', 'What those blocks occupy'),
  gauge('guardRate', 'guard_rate', 'The most blocks in a second that are guarded; 0: none'),
  counter('guardSamples', 'guard_samples', 'Blocks that were guarded'),
  gauge('guardedBlocks', 'guarded_blocks', 'Guarded blocks that the program holds'),
  gauge('heap.windows', 'windows', 'Windows: shared memory that Buffers lie in'),
  gauge('heap.isolates', 'window_isolates', 'Isolates that use a window'),
  gauge('heap.windowBytes', 'window_bytes', 'Bytes of the windows usable now'),
  gauge('heap.limitBytes', 'window_limit_bytes', 'Bytes of the windows usable ever'),
  gauge('heap.liveBlocks', 'window_live_blocks', 'Blocks of the windows that the program holds'),
  gauge('heap.liveBytes', 'window_live_bytes', 'What those blocks occupy'),
  gauge('heap.cachedBlocks', 'window_cached_blocks', 'Freed blocks that isolates keep'),
  gauge('heap.cachedBytes', 'window_cached_bytes', 'What those blocks occupy'),
  counter('heap.contained', 'window_contained_frees', 'Blocks that two threads freed at once'),
]

function figure(values: Stats, statistic: Statistic): number {
  const [name, inHeap] = statistic.split('.') as ['heap', keyof HeapStats] | [keyof RawStats]
  return inHeap ? values.heap[inHeap] : values[name as keyof RawStats]
}

/** The metrics in Prometheus' text format, to append to a page of one's own. */
export function prometheusText(): string {
  const values = stats()
  return metrics
    .map(
      ({ statistic, name, type, help }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${figure(values, statistic)}\n`,
    )
    .join('')
}

interface Setter {
  set(value: number): void
}

interface Incrementer {
  reset(): void
  inc(value: number): void
}

// biome-ignore lint/suspicious/noExplicitAny: prom-client's own types, and it is no dependency
type MetricClass = new (configuration: any) => unknown

/** As much of prom-client as `collectMetrics` needs; it comes from the caller. */
export interface PromClient {
  Gauge: MetricClass
  Counter: MetricClass
}

/** Where to register: prom-client's default registry if not told. */
export interface CollectOptions {
  registers?: readonly unknown[]
}

/** Has prom-client, which the caller brings, collect the metrics whenever it is scraped. */
export function collectMetrics(client: PromClient, options: CollectOptions = {}): void {
  if (typeof client?.Gauge !== 'function' || typeof client.Counter !== 'function')
    throw argumentType('client', 'prom-client, or what has its Gauge and Counter')
  checkOptions('options', options, ['registers'])
  const { registers } = options
  if (registers !== undefined && !Array.isArray(registers))
    throw argumentType('registers', 'an array of registries')
  const where = registers && { registers }
  for (const { statistic, name, type, help } of metrics)
    if (type === 'gauge')
      new client.Gauge({
        ...{ name, help, ...where },
        collect(this: Setter) {
          this.set(figure(snapshot(), statistic))
        },
      })
    else
      new client.Counter({
        ...{ name, help, ...where },
        collect(this: Incrementer) {
          this.reset()
          this.inc(figure(snapshot(), statistic))
        },
      })
}

let taken: Stats | undefined

/** The same for all metrics of one scrape. */
function snapshot(): Stats {
  if (!taken) {
    taken = stats()
    queueMicrotask(() => {
      taken = undefined
    })
  }
  return taken
}
