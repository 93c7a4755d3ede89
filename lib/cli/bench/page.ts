import type { BarChart, BarSeries } from '../page/chart'
import { html, type Section, type Table } from '../page/document'
import { system } from './allocators'
import { courseSections } from './course'
import { plain, type Results } from './export'
import { latencySections } from './latency'
import { routeShares } from './routes'
import type { Comparison } from './summary'
import { comparisonRows, machineLines, meanLines, tallyLines } from './table'

/** Route counts of superslab by case: from one run each of the trace build. */
export type CaseRoutes = Map<string, Record<string, number>>

/** The page of a benchmark: charts of time, memory and routes, the figures, and the raw data inside. */
export function benchPage(suite: string, results: Results, routes: CaseRoutes): string {
  const { comparisons, environment } = results
  return html({
    title: `superslab bench ${suite}`,
    subtitle: machineLines(environment)[0] ?? '',
    summary: [...meanLines(comparisons), ...tallyLines(comparisons)],
    sections: [
      timeSection(comparisons),
      memorySection(comparisons),
      ...courseSections(results.cases),
      ...latencySections(results.cases),
      ...(routes.size > 0 ? [routeSection(routes)] : []),
      { heading: 'Figures', table: comparisonRows(comparisons), text: versionText(results) },
    ],
    data: { ...plain(results), routes: Object.fromEntries(routes) },
  })
}

function timeSection(comparisons: readonly Comparison[]): Section {
  return {
    heading: 'Time',
    text: `Median time divided by that of the ${system.name}'s malloc, the dashed line; less is better. The whiskers are twice the standard error: a bar is a tie if its whiskers reach the line.`,
    charts: [
      bars("Time over the system's", comparisons, ({ timeRatio, noise }) => ({
        value: timeRatio,
        noise,
      })),
    ],
  }
}

function memorySection(comparisons: readonly Comparison[]): Section {
  return {
    heading: 'Memory',
    text: `Median of the peak RSS over that under the system's malloc; less is better.`,
    charts: [
      bars("Peak RSS over the system's", comparisons, ({ rssRatio }) => ({ value: rssRatio })),
    ],
  }
}

interface Bar {
  value: number | undefined
  noise?: number
}

function bars(
  title: string,
  comparisons: readonly Comparison[],
  bar: (comparison: Comparison) => Bar,
): BarChart {
  const groups = [...new Set(comparisons.map(({ label }) => label))]
  const allocators = [...new Set(comparisons.map(({ allocator }) => allocator))]
  const series = allocators.map((name): BarSeries => {
    const own = groups.map((group) =>
      comparisons.find(({ label, allocator }) => label === group && allocator === name),
    )
    const found = own.map((one) => (one ? bar(one) : { value: undefined }))
    return {
      name,
      values: found.map(({ value }) => value ?? null),
      noise: found.map(({ noise }) => noise ?? null),
    }
  })
  return { kind: 'bar', title, y: "ratio to the system's", groups, series, reference: 1 }
}

/** Hits would fill the chart with bars of nearly 100 %, so it shows the other routes. */
function routeSection(routes: CaseRoutes): Section {
  const shares = [...routes].map(([label, counts]) => ({ label, shares: routeShares(counts) }))
  const names = [...new Set(shares.flatMap((one) => one.shares.map(({ route }) => route)))]
  const slow = names.filter((name) => /^(malloc|free) /.test(name) && !/ hit$/.test(name))
  const series = slow
    .map((name): BarSeries => {
      const percent = shares.map(
        (one) => one.shares.find(({ route }) => route === name)?.percent ?? null,
      )
      return { name, values: percent }
    })
    .filter(({ values }) => values.some((value) => value))
  return {
    heading: 'Routes',
    text: 'The routes of allocations and frees in superslab, counted in the trace build. The rest to 100 % were hits: the bin had a block, or room for one.',
    charts: [
      {
        kind: 'bar',
        title: 'Allocations and frees that were no hits',
        y: '% of their kind',
        groups: shares.map(({ label }) => label),
        series,
      },
    ],
    table: routeTable(routes, names),
  }
}

function routeTable(routes: CaseRoutes, names: readonly string[]): Table {
  return {
    head: ['workload', ...names],
    rows: [...routes].map(([label, counts]) => [
      label,
      ...names.map((name) => (counts[name] ?? 0).toLocaleString('en')),
    ]),
    words: 1,
  }
}

function versionText({ versions, runs, date, environment }: Results): string {
  const list = Object.entries(versions).map(([name, version]) => `${name}: ${version}`)
  return `Medians of ${runs} interleaved rounds, ${date.slice(0, 16).replace('T', ' ')} UTC. ${list.join('; ')}. ${machineLines(environment)[1]}`
}
