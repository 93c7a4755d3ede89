import { constants } from 'node:os'
import { Argument, Command, InvalidArgumentError } from 'commander'
import { addon } from '../../addon'
import { preloadPath } from '../../preload'
import { write } from '../bench/export'
import { environment } from '../bench/machine'
import { count, list } from '../bench/options'
import { Progress } from '../bench/progress'
import { baseName, type Condition, conditions, superslabName } from './condition'
import { failure } from './failure'
import { explained } from './held'
import { outcome } from './outcome'
import { replayPlan } from './replay'
import { type Diagnosis, diagnosisPage, diagnosisText } from './report'
import { type Plan, runTrial, type Trial } from './trial'
import { verdict } from './verdict'

interface DoctorOptions {
  runs: number
  duration?: number
  load?: string
  port?: number
  settle: number
  signal: NodeJS.Signals
  interval: number
  against?: string[]
  verbose?: boolean
  json?: string
  html?: string
  replay?: string
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      "run a command of yours under the system's malloc, superslab and others; say which helps",
    )
    .addArgument(new Argument('[command...]', 'what to run, after --'))
    .option('--runs <n>', 'runs under each allocator', count, 3)
    .option('--duration <s>', 'seconds of work, for a command that does not end by itself', time)
    .option('--load <command>', 'shell command that gives the command work; its end ends the work')
    .option('--port <n>', 'port on which the command must answer before the work begins', port)
    .option('--replay <file>', 'a recording in the place of a command: run --record')
    .option('--settle <s>', 'seconds to watch after the work', time, 5)
    .option('--signal <name>', 'signal that then ends the command', signal, 'SIGTERM')
    .option('--interval <ms>', 'milliseconds between two readings of its memory', count, 50)
    .option('--against <list>', 'other allocators to compare, or none', list)
    .option('--verbose', 'show what the command prints')
    .option('--json <file>', 'write every sample, - for standard output')
    .option('--html <file>', 'write a page with the curves')
    .action(run)
}

async function run(command: string[], options: DoctorOptions): Promise<void> {
  if (process.platform !== 'linux') throw failure('this needs Linux: it looks at /proc')
  const { duration, load, port, settle, signal, interval: intervalMs, verbose = false } = options
  const limits = { ...(duration && { duration }), ...(load && { load }), ...(port && { port }) }
  const what = subject(command, options)
  const plan: Plan = { ...what, ...limits, settle, signal, intervalMs, verbose }
  const chosen = choose(conditions(preloadPath()), options.against)
  endWithSignals()
  const trials = await runTrials(plan, chosen, options.runs)
  const diagnosis = diagnose(plan, chosen, trials)
  report(diagnosis, options)
  if (diagnosis.verdict.kind === 'command-fails') process.exitCode = 1
}

/** A command, or a recording. */
function subject(command: string[], { replay, ...options }: DoctorOptions) {
  if (replay === undefined) {
    if (command.length === 0) throw failure('name a command after --, or a recording: --replay')
    return { command }
  }
  if (command.length > 0 || options.duration || options.load || options.port)
    throw failure('--replay stands in the place of a command, and of --duration, --load and --port')
  return replayPlan(replay, options.settle)
}

function choose(all: readonly Condition[], against: readonly string[] | undefined): Condition[] {
  const wanted = against && [baseName, superslabName, ...against.filter((name) => name !== 'none')]
  const missing = wanted?.find((name) => !all.some((one) => one.name === name))
  if (missing === undefined) return all.filter(({ name }) => wanted?.includes(name) ?? true)
  throw failure(`${missing} is not among ${all.map(({ name }) => name).join('; ')}`)
}

/** Runs every condition once per round, in the opposite order in every other round. */
async function runTrials(plan: Plan, chosen: readonly Condition[], runs: number): Promise<Trial[]> {
  const progress = new Progress(chosen.length * runs)
  const trials: Trial[] = []
  try {
    for (let round = 0; round < runs; round++)
      for (const condition of round % 2 === 0 ? chosen : chosen.toReversed()) {
        trials.push(await runTrial(plan, condition))
        progress.advance(condition.name)
      }
  } finally {
    progress.stop()
  }
  return trials
}

function diagnose(plan: Plan, chosen: readonly Condition[], trials: Trial[]): Diagnosis {
  const outcomes = chosen.map(({ name }) =>
    outcome(
      name,
      trials.filter(({ condition }) => condition === name),
    ),
  )
  // After a replay the process idles before it ends.
  const settled = plan.replay !== undefined || trials.every(({ workSeconds }) => workSeconds)
  return {
    date: new Date().toISOString(),
    environment: environment(addon.info()),
    plan,
    outcomes,
    verdict: explained(verdict(outcomes, settled), trials),
    trials,
  }
}

function report(diagnosis: Diagnosis, { json, html }: DoctorOptions): void {
  const print = json === '-' ? console.error : console.log
  print(diagnosisText(diagnosis))
  const failed = diagnosis.trials.find(({ stopped, exit }) => !stopped && exit.code !== 0)
  if (failed?.errorOutput) print(`\nUnder ${failed.condition} it said:\n${failed.errorOutput}`)
  if (json) write(json, `${JSON.stringify(diagnosis, null, 2)}\n`)
  if (html) write(html, diagnosisPage(diagnosis))
}

/** An exit of this process ends the command too. */
function endWithSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => process.exit(128 + constants.signals[name]))
}

function time(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It must be a number of seconds above 0.')
  return value
}

function port(text: string): number {
  if (count(text) > 65_535) throw new InvalidArgumentError('It must be at most 65535.')
  return count(text)
}

function signal(text: string): string {
  if (text in constants.signals) return text
  throw new InvalidArgumentError('It must be the name of a signal, as in SIGINT.')
}
