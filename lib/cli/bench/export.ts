import { writeFileSync } from 'node:fs'
import type { Environment } from './machine'
import type { CaseMeasurements } from './rounds'
import { summarize } from './summary'

/** Everything a result consists of, raw measurements included. */
export function toJson(environment: Environment, results: readonly CaseMeasurements[]): string {
  const document = {
    date: new Date().toISOString(),
    environment,
    comparisons: summarize(results),
    cases: results.map(({ case: one, measurements }) => ({
      ...one,
      measurements: Object.fromEntries(measurements),
    })),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** One line a measurement; each repeats what it must be read with. */
export function toCsv(environment: Environment, results: readonly CaseMeasurements[]): string {
  const rows = results.flatMap(({ case: one, measurements }) =>
    [...measurements.values()].flatMap((rounds) =>
      rounds.map(({ routes: _, ...measurement }, round) => ({
        case: one.label,
        round: round + 1,
        ...measurement,
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
