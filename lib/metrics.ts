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
  gauge('liveBlocks', 'live_blocks', 'Live blocks: allocated and not freed'),
  gauge('liveBytes', 'live_bytes', 'Bytes of live blocks'),
  gauge('cachedBlocks', 'cached_blocks', 'Freed blocks that threads keep for reuse'),
  gauge('cachedBytes', 'cached_bytes', 'Bytes of cached blocks'),
  gauge('slabFreeBytes', 'slab_free_bytes', 'Bytes of free blocks in slabs'),
  gauge('slabBytes', 'slab_bytes', 'Bytes of slabs, free blocks included'),
  gauge('largeBytes', 'large_bytes', 'Bytes of large blocks'),
  gauge('dirtyBytes', 'dirty_bytes', 'Free bytes outside of slabs that were not given back yet'),
  gauge('metadataBytes', 'metadata_bytes', "Bytes of the allocator's own state"),
  gauge('reservedBytes', 'reserved_bytes', 'Bytes of reserved addresses'),
  gauge('committedBytes', 'committed_bytes', 'Bytes of addresses made usable'),
  counter('givenBackBytes', 'given_back_bytes', 'Bytes given back to the system'),
  gauge('slabCount', 'slabs', 'Number of slabs'),
  gauge('threadCount', 'threads', 'Threads with a heap'),
  counter('guardedReads', 'guarded_reads', "Reads of memory that is not superslab's"),
  counter('foreignFrees', 'foreign_frees', 'Frees of pointers at which superslab has no block'),
  gauge('lostBlocks', 'lost_blocks', 'Blocks that are lost to a forked child and count as live'),
  gauge('lostBytes', 'lost_bytes', 'Bytes of lost blocks'),
  gauge('guardRate', 'guard_rate', 'Most blocks that are guarded in a second; 0: guards are off'),
  counter('guardSamples', 'guard_samples', 'Blocks that were guarded'),
  gauge('guardedBlocks', 'guarded_blocks', 'Live guarded blocks'),
  gauge('heap.windows', 'windows', 'Windows: shared memory for Buffers'),
  gauge('heap.isolates', 'window_isolates', 'Isolates that use a window'),
  gauge('heap.windowBytes', 'window_bytes', 'Bytes of the windows that are usable now'),
  gauge('heap.limitBytes', 'window_limit_bytes', 'Bytes that the windows may grow to'),
  gauge('heap.liveBlocks', 'window_live_blocks', 'Live blocks in windows'),
  gauge('heap.liveBytes', 'window_live_bytes', 'Bytes of live blocks in windows'),
  gauge(
    'heap.cachedBlocks',
    'window_cached_blocks',
    'Freed blocks in windows that isolates keep for reuse',
  ),
  gauge('heap.cachedBytes', 'window_cached_bytes', 'Bytes of cached blocks in windows'),
  counter('heap.contained', 'window_contained_frees', 'Blocks that two threads freed at once'),
]

function figure(values: Stats, statistic: Statistic): number {
  const [name, inHeap] = statistic.split('.') as ['heap', keyof HeapStats] | [keyof RawStats]
  return inHeap ? values.heap[inHeap] : values[name as keyof RawStats]
}

/** The metrics in Prometheus' text format, to append to a page of your own. */
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

/** The registries; without them prom-client's default registry. */
export interface CollectOptions {
  registers?: readonly unknown[]
}

/** Registers the metrics with the caller's prom-client, which then collects them at each scrape. */
export function collectMetrics(client: PromClient, options: CollectOptions = {}): void {
  if (typeof client?.Gauge !== 'function' || typeof client.Counter !== 'function')
    throw argumentType('client', 'prom-client, or an object with its Gauge and Counter')
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
