import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Conversions } from '../profile/conversions'
import type { RunOptions } from './environment'
import { guardSetting } from './guard'
import { hardenedWords } from './hardened'
import { rawBeside } from './profile'

/** Signals that are for the program, and would end this process. */
const passed: NodeJS.Signals[] = [
  ...(['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGWINCH'] as const),
  ...(['SIGCONT', 'SIGPIPE'] as const),
]
/** Signals that a terminal sends to the program as well. */
const ofTerminal: NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/**
 * Runs the program below this process, which gives the program's profiles their names and formats: while it runs,
 * whenever it writes one, and after its end. Ends as the program does.
 */
export async function stay(file: string, words: string[], options: RunOptions): Promise<void> {
  const raw = rawBeside(file)
  const conversions = new Conversions(raw, file)
  const child = spawn(process.execPath, [...commandLine(raw, options), ...words], {
    stdio: 'inherit',
  })
  passSignals(child)
  conversions.watch()
  const { code, signal } = await end(child)
  await conversions.finish()
  if (signal !== null) endBy(signal)
  process.exitCode = code ?? 1
}

/** This command again, for a raw profile: it becomes the program. */
function commandLine(raw: string, options: RunOptions): string[] {
  const { children, stats, record, guard, profileSignal, profileMinutes, profileMean } = options
  return [
    ...[...process.execArgv, process.argv[1] ?? '', 'run', `--profile=${raw}`],
    ...(children ? [`--children=${children}`] : []),
    ...(stats ? ['--stats'] : []),
    ...hardenedWords(options.hardened),
    ...(record ? [`--record=${record}`] : []),
    ...(guard ? [`--guard=${guardSetting(guard)}`] : []),
    ...(profileSignal ? [`--profile-signal=${profileSignal}`] : []),
    ...(profileMinutes ? [`--profile-minutes=${profileMinutes}`] : []),
    ...(profileMean ? [`--profile-mean=${profileMean}`] : []),
    ...(options.engineMap === false ? ['--no-engine-map'] : []),
    ...(options.profileExact ? ['--profile-exact'] : []),
    '--',
  ]
}

function passSignals(child: ChildProcess): void {
  const fromTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY)
  for (const signal of [...passed, ...ofTerminal])
    process.on(signal, () => {
      if (!fromTerminal || !ofTerminal.includes(signal)) child.kill(signal)
    })
}

function end(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve({ code, signal }))
  })
}

/** Ends this process by the signal that ended the program. */
function endBy(signal: string): void {
  for (const name of [...passed, ...ofTerminal]) process.removeAllListeners(name)
  process.kill(process.pid, signal)
  // A signal that does not end this process, or not at once.
  process.exit(128 + (constants.signals[signal as NodeJS.Signals] ?? 0))
}
