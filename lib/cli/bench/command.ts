import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { Argument, Command } from 'commander'
import { addon } from '../../addon'
import { SuperslabError } from '../../errors'
import { companionFile } from '../../load'
import { contestants, preloadedForm, superslab } from './allocators'
import { courseFigures, courseRows } from './course'
import { type Results, toCsv, toJson, write } from './export'
import { measureInProcess } from './in-process'
import { type FileSuite, fileCases, fileSuites, isFileSuite } from './inputs'
import { Journal } from './journal'
import { latencyFigures, latencyRows } from './latency'
import { environment } from './machine'
import type { Measurement } from './measurement'
import { type BenchOptions, count, counts, list, runCount, seedValue, sizeRange } from './options'
import { benchPage, type CaseRoutes } from './page'
import { Progress } from './progress'
import { type Measure, measureRounds } from './rounds'
import { routeTable } from './routes'
import { measureStandalone } from './standalone'
import { type Case, suiteCases, suiteNames } from './suites'
import { idleFigures, summarize } from './summary'
import { comparisonTable, idleTable, machineLines, meanLines, tableText } from './table'
import { versions } from './versions'

export function benchCommand(): Command {
  const suites = [...suiteNames(workloads()), ...fileSuites]
  return new Command('bench')
    .description(
      "measure superslab beside the system's malloc, in interleaved rounds of native loops",
    )
    .addArgument(new Argument('<suite>', 'what to run').choices(suites))
    .addArgument(new Argument('[files...]', 'recordings for replay, profiles for fleet'))
    .option('--threads <list>', 'numbers of threads, as in 1,2,4', counts)
    .option('--ops <n>', 'operations of each thread', count)
    .option('--size <min[-max]>', 'bytes of a block', sizeRange)
    .option('--ws <n>', 'slots of the working set; each workload defines a slot', count)
    .option('--seed <n>', 'seed of the sequence', seedValue)
    .option('--runs <n>', 'rounds, at least 5', runCount, 5)
    .option('--against <list>', 'allocators or paths of libraries to measure too', list)
    .option('--no-preloaded', 'leave out superslab as the preload library')
    .option('--csv <file>', 'write each measurement, - for standard output')
    .option('--json <file>', 'the same with the comparisons')
    .option('--html <file>', 'write a page with charts of time, memory and routes')
    .option('--resume <file>', 'store each measurement in the file, and skip those that it has')
    .option('--routes', 'count the route of each allocation and free, without times')
    .option('--live <MiB>', 'live memory of the workload fleet, by default 96', count)
    .option('--in-process', 'run in this process, through the addon')
    .action(run)
}

function workloads(): string[] {
  return addon.benchWorkloads().map(({ name }) => name)
}

async function run(suite: string, files: string[], options: BenchOptions): Promise<void> {
  const cases = isFileSuite(suite) ? casesOfFiles(suite, files, options) : casesOf(suite, options)
  if (files.length > 0 && !isFileSuite(suite))
    throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', `${suite} reads no files`)
  if (options.routes) await printRoutes(cases)
  else await compare(suite, cases, options)
}

function casesOfFiles(suite: FileSuite, files: string[], options: BenchOptions): Case[] {
  const { ops, live, seed, threads, size, ws } = options
  const isReplay = suite === 'replay'
  if (size || ws || (isReplay && (threads || seed !== undefined || live)))
    throw new SuperslabError(
      'ERR_SUPERSLAB_BENCH_FAILED',
      `${suite} takes sizes and all else from the file; of the parameters it has ${isReplay ? '--ops' : '--ops, --threads, --live and --seed'}`,
    )
  if (options.inProcess)
    throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', `${suite} needs a process of its own`)
  const given = { ...(ops && { ops }), ...(live && { slots: live }), ...(seed && { seed }) }
  const numbers = threads ?? [undefined]
  return numbers.flatMap((count) =>
    fileCases(suite, files, { ...given, ...(count && { threads: count }) }),
  )
}

function casesOf(suite: string, options: BenchOptions): Case[] {
  const { ops, size, ws: slots, seed } = options
  const overrides = { ...(ops && { ops }), ...(size && { size }), ...(slots && { slots }) }
  const parameters = { ...overrides, ...(seed !== undefined && { seed }) }
  return suiteCases(suite, parameters, options.threads ?? [], workloads())
}

async function compare(suite: string, cases: Case[], options: BenchOptions): Promise<void> {
  const asLibrary = options.preloaded && !options.inProcess ? preloadedForm() : []
  const allocators = contestants(options.against ?? [], asLibrary)
  const standalone: Measure = (one, by) => measureStandalone('superslab-bench', one, by)
  const fresh = options.inProcess ? measureInProcess : standalone
  const measure = options.resume ? resumed(options.resume, fresh) : fresh
  const progress = new Progress(cases.length * allocators.length * options.runs)
  const advance = (label: string) => progress.advance(label)
  const measured = await measureRounds(cases, allocators, options.runs, measure, advance).finally(
    () => progress.stop(),
  )
  const [first] = measured[0]?.measurements.get(superslab.name) ?? []
  if (!first) return
  const machine = environment(first)
  const results: Results = {
    date: new Date().toISOString(),
    runs: options.runs,
    environment: machine,
    versions: versions(allocators, machine),
    comparisons: summarize(measured),
    cases: measured,
  }
  print(results, options)
  const { csv, json, html } = options
  if (csv) write(csv, toCsv(results))
  if (json) write(json, toJson(results))
  if (html) write(html, benchPage(suite, results, await routes(cases)))
}

/** Measures only what the file does not have yet. Its results must be from the same build. */
function resumed(file: string, measure: Measure): Measure {
  const build = createHash('sha256').update(readFileSync(companionFile('superslab-bench')))
  const journal = new Journal<Measurement>(file, {
    build: build.digest('hex'),
    machine: hostname(),
  })
  return (one, by) =>
    journal.next(JSON.stringify([one.workload, one.parameters, by, ...inputOf(one)]), () =>
      measure(one, by),
    )
}

/** A hash of the file that the case reads. */
function inputOf({ input }: Case): string[] {
  return input ? [createHash('sha256').update(readFileSync(input)).digest('hex')] : []
}

function print({ comparisons, runs, environment, cases }: Results, options: BenchOptions): void {
  const idle = idleFigures(cases)
  const course = courseFigures(cases)
  const latency = latencyFigures(cases)
  const lines = [
    comparisonTable(comparisons),
    '',
    ...(idle.length > 0 ? [idleTable(idle), ''] : []),
    ...(course.length > 0 ? [tableText(courseRows(course)), ''] : []),
    ...(latency.length > 0 ? [tableText(latencyRows(latency)), ''] : []),
    ...meanLines(comparisons),
    ...notes(cases),
    `Medians of ${runs} interleaved rounds; ± the coefficient of variation for times, twice the standard`,
    "error for ratios. A ratio to the system's malloc below 1 is better; one within its error of 1 is a tie.",
    ...machineLines(environment),
  ]
  // Output for a program to read must be alone on the standard output.
  const toStandardOutput = [options.csv, options.json, options.html].includes('-')
  const printLine = toStandardOutput ? console.error : console.log
  printLine(lines.join('\n'))
}

/** For cases that read files, and to keep the files' memory out of the figures. */
function notes(cases: Results['cases']): string[] {
  return cases.flatMap(({ case: one, measurements }) => {
    const own = [...measurements.values()][0]?.[0]?.ownBytes
    const memory =
      own === undefined
        ? ''
        : `; ${(own / 2 ** 20).toFixed(1)} MiB of bookkeeping are not in its peak RSS`
    return one.input ? [`${one.note ?? one.label}${memory}`] : []
  })
}

/** One run of each case in the trace build: the routes do not depend on the speed. */
async function routes(cases: readonly Case[]): Promise<CaseRoutes> {
  const found: CaseRoutes = new Map()
  for (const one of cases) {
    const measurement = await measureStandalone('superslab-bench-trace', one, superslab)
    found.set(one.label, measurement.routes ?? {})
  }
  return found
}

async function printRoutes(cases: readonly Case[]): Promise<void> {
  for (const [label, counts] of await routes(cases))
    console.log(`${label}\n${routeTable(counts)}\n`)
}
