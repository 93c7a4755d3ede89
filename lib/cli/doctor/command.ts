import { constants } from 'node:os'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { addon } from '../../addon'
import { withoutRoot } from '../../children'
import { type Level, preloadFile, preloadPath } from '../../preload'
import { write } from '../bench/export'
import { environment } from '../bench/machine'
import { count, list } from '../bench/options'
import { wrapped } from '../format'
import { findCommand } from '../run/find'
import { type Hardened, hardenedOption, levelOf } from '../run/hardened'
import { preloadName } from '../run/preload-name'
import { refuseUnservable } from '../run/refusal'
import { dockerfileLine } from './advice'
import { baseName, type Condition, conditions, hardenedCondition, superslabName } from './condition'
import { failure } from './failure'
import { explained } from './held'
import { Live } from './live'
import { isFailed, outcome } from './outcome'
import { byLine } from './profiled'
import { replayPlan } from './replay'
import { type Diagnosis, diagnosisPage, diagnosisText } from './report'
import { runTrials } from './rounds'
import type { Plan, Trial } from './trial'
import { verdict } from './verdict'
import type { Agreed } from './work'

interface DoctorOptions {
  runs: number
  duration?: number
  load?: string
  port?: number
  /** false with --no-get. */
  get: string | false
  settle: number
  signal: NodeJS.Signals
  interval: number
  against?: string[]
  children?: string
  hardened?: Hardened
  profile?: boolean
  verbose?: boolean
  json?: string
  html?: string
  replay?: string
}

export function doctorCommand(): Command {
  const children = new Option(
    '--children <which>',
    'programs below the command that superslab also serves',
  )
  return new Command('doctor')
    .description("run a command under the system's malloc, superslab and others; say which helps")
    .addArgument(new Argument('[command...]', 'the command to run, after --'))
    .option('--runs <n>', 'runs under each allocator', count, 3)
    .option('--duration <s>', 'seconds of work, for a command that does not end by itself', time)
    .option('--get <path>', 'path that the doctor requests from a server', path, '/')
    .option('--no-get', 'request nothing from a server')
    .option('--load <command>', 'shell command that gives the server other work')
    .option('--port <n>', 'port of the server (default: the doctor finds it)', port)
    .option('--replay <file>', 'replay a recording of superslab run --record instead of a command')
    .option('--settle <s>', 'seconds to watch the command after the work', time, 5)
    .option('--signal <name>', 'signal that ends the command afterwards', signal, 'SIGTERM')
    .option('--interval <ms>', 'milliseconds between two readings of its memory', count, 50)
    .option(
      '--against <list>',
      'other allocators to compare, as in jemalloc,tcmalloc, or none',
      list,
    )
    .addOption(children.choices(['node', 'all', 'none']))
    .addOption(hardenedOption('run it under the hardened library, too'))
    .option(
      '--profile',
      'if no allocator helps, run once more and name the lines that hold the memory',
    )
    .option('--verbose', 'show what the command prints')
    .option('--json <file>', 'write every reading, - for standard output')
    .option('--html <file>', 'write a page with the verdict, the figures and the curves')
    .addHelpText('after', examples)
    .action(run)
}

const examples = `
A job:     superslab doctor -- node job.js
A server:  superslab doctor -- node server.js
           superslab doctor --get /thumbnail --duration 10 -- node server.js
           superslab doctor --port 3000 --load "COMMAND" -- node server.js`

async function run(command: string[], options: DoctorOptions): Promise<void> {
  if (process.platform !== 'linux') throw failure('the doctor needs Linux, because it reads /proc')
  const { duration, load, port, settle, signal, interval: intervalMs, verbose = false } = options
  const { get = false } = options
  const limits = {
    ...(duration && { duration }),
    ...(load && { load }),
    ...(port && { port }),
    ...(get !== false && { get }),
  }
  const what = subject(command, options)
  const plan: Plan = { ...what, ...limits, settle, signal, intervalMs, verbose }
  const children = options.children ?? withoutRoot(process.env.SUPERSLAB_CHILDREN ?? 'node')
  const library = preloadPath()
  if (!plan.replay) checkCommand(command[0] ?? '', library)
  const chosen = choose(conditions(library, children), options.against)
  const level = levelOf(options.hardened)
  if (level > 0) chosen.push(hardened(level, children))
  endWithSignals()
  const live = new Live()
  const agreed: Agreed = {}
  let diagnosis: Diagnosis
  try {
    const trials = await runTrials(plan, chosen, options.runs, agreed, live)
    diagnosis = diagnose(plan, chosen, trials, children)
    const superslab = chosen.find(({ name }) => name === superslabName)
    if (options.profile && superslab)
      diagnosis.verdict = await byLine(diagnosis.verdict, plan, superslab, agreed, live)
  } finally {
    live.stop()
  }
  report(diagnosis, options)
  if (diagnosis.verdict.kind.startsWith('command-')) process.exitCode = 1
}

/** Throws, in one line, for a command that does not exist or that superslab cannot serve. */
function checkCommand(name: string, library: string): void {
  refuseUnservable(findCommand(name), { library, preload: preloadName(library) })
}

function hardened(level: Level, children: string): Condition {
  return hardenedCondition(level, preloadPath(preloadFile(undefined, level)), children)
}

/** A command, or a recording. */
function subject(command: string[], { replay, ...options }: DoctorOptions) {
  if (replay === undefined) {
    if (command.length === 0)
      throw failure(
        'name a command after --, or a recording with --replay, as in: superslab doctor -- node job.js',
      )
    return { command }
  }
  if (command.length > 0 || options.duration || options.load || options.port)
    throw failure('--replay takes the place of a command, and of --duration, --load and --port')
  return replayPlan(replay, options.settle)
}

function choose(all: readonly Condition[], against: readonly string[] | undefined): Condition[] {
  const wanted = against && [baseName, superslabName, ...against.filter((name) => name !== 'none')]
  const missing = wanted?.find((name) => !all.some((one) => one.name === name))
  if (missing === undefined) return all.filter(({ name }) => wanted?.includes(name) ?? true)
  const names = all.map(({ name }) => name).join(', ')
  throw failure(`${missing} is not installed, or unknown; here there are ${names}`)
}

function diagnose(
  plan: Plan,
  chosen: readonly Condition[],
  trials: Trial[],
  children: string,
): Diagnosis {
  const outcomes = chosen.flatMap(({ name }) => {
    const own = trials.filter(({ condition }) => condition === name)
    return own.length > 0 ? [outcome(name, own)] : []
  })
  // After a replay the process idles before it ends.
  const settled = plan.replay !== undefined || outcomes.every((one) => one.settled)
  const judged = explained(verdict(outcomes, settled), trials)
  const choice = chosen.find(({ name }) => name === judged.choice)
  const command = plan.replay ? undefined : plan.command
  const dockerfile = choice && dockerfileLine(choice, command, children)
  return {
    date: new Date().toISOString(),
    environment: environment(addon.info()),
    plan,
    repeat: ['npx superslab', ...process.argv.slice(2).map(quoted)].join(' '),
    outcomes,
    verdict: judged,
    ...(dockerfile !== undefined && { dockerfile }),
    trials,
  }
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function report(diagnosis: Diagnosis, { json, html }: DoctorOptions): void {
  const stream = json === '-' ? process.stderr : process.stdout
  const width = stream.isTTY ? stream.columns : undefined
  const failed = diagnosis.trials.find(isFailed)
  const said = failed?.errorOutput
    ? `${wrapped(`Under ${failed.condition} the command wrote:`, width)}\n${failed.errorOutput}\n\n`
    : ''
  stream.write(`${said}${diagnosisText(diagnosis, width)}\n`)
  if (json) write(json, `${JSON.stringify(diagnosis, null, 2)}\n`)
  if (html) write(html, diagnosisPage(diagnosis))
}

/** An exit of this process ends the command too. */
function endWithSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => process.exit(128 + constants.signals[name]))
}

function path(text: string): string {
  if (text.startsWith('/')) return text
  throw new InvalidArgumentError(
    'It must be a path that begins with /, as in /thumbnail?width=100.',
  )
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
