/** Parameters of a workload that differ from its defaults. */
export interface Parameters {
  threads?: number
  ops?: number
  size?: string
  slots?: number
  seed?: number
}

/** One row of the results. */
export interface Case {
  label: string
  workload: string
  parameters: Parameters
  /** The file that the workload reads, made for this run. */
  input?: string
  /** A note on the case for the reader. */
  note?: string
}

const fixedSizes = ['128', '256', '512', '1024']
const midLargeThreads = [2, 4, 8]

/** Operations of each of its eight threads, ten seconds of work. No duration, since all allocators must do the same. */
const pipelineOps = 22000

const fixed = fixedSizes.map((size) => plain('random-mixed', { size }))
const midLarge = midLargeThreads.map((threads) => plain('mid-large-mt', { threads }))

/** Workloads that each test one property that an allocator may lack. */
const properties = [
  ...['server', 'batches', 'records', 'growth', 'phases'],
  ...['start', 'zeroed', 'aligned', 'crowd'],
]

/** Workloads that each provoke one cause of slow single calls. */
const latency = ['bursts', 'growth', 'ends', 'phases', 'idle'].map((name) =>
  plain(`latency-${name}`),
)

/** Suites that are more than their workload with its defaults. */
const compound: Record<string, Case[]> = {
  'mid-large-mt': midLarge,
  properties: properties.map((workload) => plain(workload)),
  idle: [
    { ...plain('pipeline'), parameters: { ops: pipelineOps } },
    plain('survivors'),
    plain('survivors', { size: '16-1024' }),
  ],
  latency,
  // A step of random-mixed is the toggle: it frees the slot's block if there is one, and otherwise allocates.
  'random-toggle': [
    plain('random-mixed'),
    plain('random-mixed', { size: '128' }),
    plain('random-mixed', { size: '1024' }),
    plain('random-mixed', { threads: 4 }),
  ],
  seed: [
    plain('random-mixed'),
    ...fixed,
    plain('random-mixed', { threads: 4 }),
    plain('mid-mt-gap'),
    ...midLarge,
    plain('large'),
    plain('handoff'),
  ],
}

/** The seed suite, and every workload that is not in it. */
const everything = 'all'

export function suiteNames(workloads: readonly string[]): string[] {
  return [...new Set([...workloads, ...Object.keys(compound), everything])]
}

/** The cases of a suite: every combination of the options, once. */
export function suiteCases(
  suite: string,
  overrides: Parameters,
  threads: number[],
  workloads: readonly string[] = [],
): Case[] {
  const cases = casesOf(suite, workloads).flatMap(({ workload, parameters }) => {
    const merged = { ...parameters, ...overrides }
    if (threads.length === 0) return [plain(workload, merged)]
    return threads.map((count) => plain(workload, { ...merged, threads: count }))
  })
  return [...new Map(cases.map((one) => [one.label, one])).values()]
}

function casesOf(suite: string, workloads: readonly string[]): Case[] {
  if (suite !== everything) return compound[suite] ?? [plain(suite)]
  const seed = compound.seed ?? []
  const others = workloads.filter((name) => !seed.some(({ workload }) => workload === name))
  return [...seed, ...others.map((name) => plain(name))]
}

function plain(workload: string, parameters: Parameters = {}): Case {
  const { threads, size } = parameters
  const label = [workload, size && `${size} B`, threads && `${threads} threads`]
  return { label: label.filter(Boolean).join(', '), workload, parameters }
}
