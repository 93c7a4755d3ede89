import { Argument, Command } from 'commander'
import { addon } from '../../native'
import { contestants, superslab } from './allocators'
import { toCsv, toJson, write } from './export'
import { measureInProcess } from './in-process'
import { environment } from './machine'
import { type BenchOptions, count, counts, list, runCount, seedValue, sizeRange } from './options'
import { Progress } from './progress'
import { type CaseMeasurements, type Measure, measureRounds } from './rounds'
import { routeTable } from './routes'
import { measureStandalone } from './standalone'
import { type Case, suiteCases, suiteNames } from './suites'
import { idleFigures, summarize } from './summary'
import { comparisonTable, idleTable, meanLines } from './table'

export function benchCommand(): Command {
  const suites = suiteNames(addon.benchWorkloads().map(({ name }) => name))
  return new Command('bench')
    .description("measure superslab beside the system's malloc, native loops in interleaved rounds")
    .addArgument(new Argument('<suite>', 'what to run').choices(suites))
    .option('--threads <list>', 'numbers of threads, as in 1,2,4', counts)
    .option('--ops <n>', 'operations of each thread', count)
    .option('--size <min[-max]>', 'bytes of a block', sizeRange)
    .option('--ws <n>', 'working set: slots, as the workload counts them', count)
    .option('--seed <n>', 'seed of the sequence', seedValue)
    .option('--runs <n>', 'rounds, at least 5', runCount, 5)
    .option('--against <list>', 'allocators or paths of libraries to measure too', list)
    .option('--csv <file>', 'write every measurement, - for standard output')
    .option('--json <file>', 'the same with the comparisons')
    .option('--routes', 'count which way each allocation and free went instead')
    .option('--in-process', 'run through the addon, in this process')
    .action(run)
}

async function run(suite: string, options: BenchOptions): Promise<void> {
  const { ops, size, ws: slots, seed } = options
  const overrides = { ...(ops && { ops }), ...(size && { size }), ...(slots && { slots }) }
  const parameters = { ...overrides, ...(seed !== undefined && { seed }) }
  const cases = suiteCases(suite, parameters, options.threads ?? [])
  if (options.routes) await printRoutes(cases)
  else await compare(cases, options)
}

async function compare(cases: Case[], options: BenchOptions): Promise<void> {
  const allocators = contestants(options.against ?? [])
  const standalone: Measure = (one, by) => measureStandalone('superslab-bench', one, by)
  const measure = options.inProcess ? measureInProcess : standalone
  const progress = new Progress(cases.length * allocators.length * options.runs)
  const advance = (label: string) => progress.advance(label)
  const results = await measureRounds(cases, allocators, options.runs, measure, advance).finally(
    () => progress.stop(),
  )
  report(results, options)
}

function report(results: readonly CaseMeasurements[], { runs, csv, json }: BenchOptions): void {
  const [first] = results[0]?.measurements.get(superslab.name) ?? []
  if (!first) return
  const machine = environment(first)
  const comparisons = summarize(results)
  const idle = idleFigures(results)
  const lines = [
    comparisonTable(comparisons),
    '',
    ...(idle.length > 0 ? [idleTable(idle), ''] : []),
    ...meanLines(comparisons),
    `Medians of ${runs} interleaved rounds ± coefficient of variation. Ratios to the system's malloc,`,
    'below 1 is better, ± twice the standard error over the rounds; what lies within is a tie.',
    `${machine.cpu}, ${machine.cpus} CPUs, ${machine.system} ${machine.kernel}, ${machine.libc}`,
    `superslab ${machine.superslab} ${machine.commit}, ${machine.compiler}, ${machine.flags}`,
  ]
  // What a program will read must have the standard output for itself.
  const print = csv === '-' || json === '-' ? console.error : console.log
  print(lines.join('\n'))
  if (csv) write(csv, toCsv(machine, results))
  if (json) write(json, toJson(machine, results))
}

async function printRoutes(cases: readonly Case[]): Promise<void> {
  for (const one of cases) {
    const measurement = await measureStandalone('superslab-bench-trace', one, superslab)
    console.log(`${one.label}\n${routeTable(measurement)}\n`)
  }
}
