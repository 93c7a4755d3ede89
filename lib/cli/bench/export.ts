import { writeFileSync } from 'node:fs'
import type { Environment } from './machine'
import type { CaseMeasurements } from './rounds'
import type { Comparison } from './summary'

/** A finished benchmark with the facts needed to judge it. */
export interface Results {
  date: string
  runs: number
  environment: Environment
  /** Of each allocator. */
  versions: Record<string, string>
  comparisons: Comparison[]
  cases: readonly CaseMeasurements[]
}

/** The whole result, raw measurements included, for JSON. */
export function plain({ cases, ...rest }: Results): object {
  const measured = cases.map(({ case: { input: _, ...one }, measurements }) => ({
    ...one,
    measurements: Object.fromEntries(measurements),
  }))
  return { ...rest, cases: measured }
}

export function toJson(results: Results): string {
  return `${JSON.stringify(plain(results), null, 2)}\n`
}

/** One line for each measurement, with the facts needed to judge it. Only the JSON has the course of a long run. */
export function toCsv({ environment, versions, cases }: Results): string {
  const rows = cases.flatMap(({ case: one, measurements }) =>
    [...measurements.values()].flatMap((rounds) =>
      rounds.map(({ routes: _, series: __, ...measurement }, round) => ({
        case: one.label,
        round: round + 1,
        ...measurement,
        version: versions[measurement.allocator],
        ...environment,
      })),
    ),
  )
  const columns = Object.keys(rows[0] ?? {})
  const lines = rows.map((row) => columns.map((name) => quoted(row[name as keyof typeof row])))
  return `${[columns, ...lines].map((cells) => cells.join(',')).join('\n')}\n`
}

function quoted(value: unknown): string {
  const text = String(value ?? '')
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** `-` is the standard output. */
export function write(file: string, text: string): void {
  if (file === '-') process.stdout.write(text)
  else writeFileSync(file, text)
}
