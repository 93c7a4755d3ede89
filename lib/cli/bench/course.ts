import type { LineChart, LineSeries } from '../page/chart'
import type { Section, Table } from '../page/document'
import type { Measurement } from './measurement'
import type { CaseMeasurements } from './rounds'
import { median } from './statistics'

/** Resident over live bytes in the course of a long run: medians of the rounds. */
export interface CourseFigures {
  label: string
  allocator: string
  /** Over all notes, by the bytes. */
  mean: number
  /** The highest of them once the live memory had been reached. */
  worst: number
  last: number
}

export function courseFigures(results: readonly CaseMeasurements[]): CourseFigures[] {
  return results.flatMap(({ case: one, measurements }) =>
    [...measurements]
      .filter(([, rounds]) => rounds.some(({ series }) => series?.some(([, live]) => live > 0)))
      .map(([allocator, rounds]) => {
        const courses = rounds.map(({ series = [] }) => ofSeries(series))
        const middle = (of: 'mean' | 'worst' | 'last') => median(courses.map((one) => one[of]))
        return {
          label: one.label,
          allocator,
          mean: middle('mean'),
          worst: middle('worst'),
          last: middle('last'),
        }
      }),
  )
}

function ofSeries(series: NonNullable<Measurement['series']>) {
  // At the end of a program no byte may be live.
  const ratios = series.map(([, live, resident]) => resident / Math.max(live, 1))
  const sum = (column: 1 | 2) => series.reduce((total, note) => total + note[column], 0)
  const full = Math.max(...series.map(([, live]) => live)) / 2
  const settled = ratios.filter((_, i) => (series[i]?.[1] ?? 0) >= full)
  return {
    mean: sum(2) / sum(1),
    worst: Math.max(...settled),
    last: ratios.findLast((_, i) => (series[i]?.[1] ?? 0) > 0) ?? Number.NaN,
  }
}

export function courseRows(figures: readonly CourseFigures[]): Table {
  return {
    head: ['workload', 'allocator', 'resident over live, mean', 'worst', 'last'],
    rows: figures.map(({ label, allocator, ...values }) => [
      label,
      allocator,
      ...[values.mean, values.worst, values.last].map((value) => value.toFixed(2)),
    ]),
    words: 2,
  }
}

/** Live and resident bytes while a workload runs: the first round, with the others in the background. */
export function courseSections(results: readonly CaseMeasurements[]): Section[] {
  const charts = results.flatMap(chart)
  if (charts.length === 0) return []
  return [
    {
      heading: 'Memory over time',
      text: 'What is live, and what is resident beyond what the process had at the start. Thin lines are the other rounds.',
      charts,
      table: courseRows(courseFigures(results)),
    },
  ]
}

function chart({ case: one, measurements }: CaseMeasurements): LineChart[] {
  const resident = [...measurements].flatMap(([name, rounds]) =>
    rounds.flatMap(({ series }, round) => line(name, series, 2, round > 0)),
  )
  const live = line('live', [...measurements.values()][0]?.[0]?.series, 1, false)
  const title = `${one.label}: resident memory`
  if (live.length === 0) return []
  const axes = { x: 'million operations', y: 'MiB', unit: 'million operations' }
  return [{ kind: 'line', title, ...axes, series: [...resident, ...live] }]
}

function line(
  name: string,
  series: Measurement['series'],
  column: 1 | 2,
  faint: boolean,
): LineSeries[] {
  if (!series) return []
  const points = series.map((note): [number, number] => [note[0] / 1e6, note[column] / 2 ** 20])
  return [{ name, points, faint }]
}
