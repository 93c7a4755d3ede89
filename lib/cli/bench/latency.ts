import type { BarChart } from '../page/chart'
import type { Section, Table } from '../page/document'
import type { Measurement } from './measurement'
import type { CaseMeasurements } from './rounds'
import { median } from './statistics'
import { type Range, range } from './summary'

/** How long the calls of one allocator took in one case, in nanoseconds: medians of the rounds. */
export interface LatencyFigures {
  label: string
  allocator: string
  /** Calls of a round. */
  calls: number
  p50: number
  p999: number
  p9999: number
  slowest: Range
  /** Calls that took longer. */
  over100us: Range
  over1ms: Range
}

export function latencyFigures(results: readonly CaseMeasurements[]): LatencyFigures[] {
  return results.flatMap(({ case: one, measurements }) =>
    [...measurements]
      .filter(([, rounds]) => rounds[0]?.slowestNs !== undefined)
      .map(([allocator, rounds]) => ({ label: one.label, allocator, ...figures(rounds) })),
  )
}

function figures(rounds: readonly Measurement[]): Omit<LatencyFigures, 'label' | 'allocator'> {
  const none = Number.NaN
  const all = (of: keyof Measurement) => rounds.map((round) => Number(round[of] ?? none))
  return {
    calls: median(all('calls')),
    p50: median(all('medianNs')),
    p999: median(all('p999Ns')),
    p9999: median(all('p9999Ns')),
    slowest: range(all('slowestNs')),
    over100us: range(all('over100us')),
    over1ms: range(all('over1ms')),
  }
}

export function latencyRows(all: readonly LatencyFigures[]): Table {
  return {
    head: [
      'workload',
      'allocator',
      'p50, ns',
      'p99.9, µs',
      'p99.99',
      'slowest call, µs',
      '> 100 µs',
      '> 1 ms',
    ],
    rows: all.map((one) => [
      one.label,
      one.allocator,
      one.p50.toFixed(0),
      microseconds(one.p999, 1),
      microseconds(one.p9999, 1),
      ranged(one.slowest, (value) => microseconds(value, 0)),
      ranged(one.over100us, String),
      ranged(one.over1ms, String),
    ]),
    words: 2,
  }
}

function microseconds(nanoseconds: number, digits: number): string {
  return (nanoseconds / 1000).toFixed(digits)
}

function ranged({ median: middle, least, most }: Range, show: (value: number) => string): string {
  return least === most ? show(middle) : `${show(middle)} (${show(least)} to ${show(most)})`
}

/** The page's figures of workloads that time each call. */
export function latencySections(results: readonly CaseMeasurements[]): Section[] {
  const all = latencyFigures(results)
  if (all.length === 0) return []
  return [
    {
      heading: 'Latency',
      text: 'Single calls of one thread, less the time for which it was ready and another thread ran: medians of the rounds.',
      charts: [
        bars('The slowest call', 'µs', all, ({ slowest }) => slowest.median / 1000),
        bars('Calls of more than 100 µs', 'calls', all, ({ over100us }) => over100us.median),
      ],
      table: latencyRows(all),
    },
  ]
}

function bars(
  title: string,
  y: string,
  all: readonly LatencyFigures[],
  value: (one: LatencyFigures) => number,
): BarChart {
  const groups = [...new Set(all.map(({ label }) => label))]
  const series = [...new Set(all.map(({ allocator }) => allocator))].map((name) => ({
    name,
    values: groups.map((group) => {
      const found = all.find(({ label, allocator }) => label === group && allocator === name)
      return found ? value(found) : null
    }),
  }))
  return { kind: 'bar', title, y, groups, series }
}
