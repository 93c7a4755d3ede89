import { median, standardError } from '../bench/statistics'
import type { Sightings } from './sightings'
import type { Trial } from './trial'

/** One figure over the trials of a condition. */
export interface Figure {
  median: number
  /** Noise of the median: twice the standard error, or a tenth where there is one trial. */
  noise: number
}

/** All trials of one condition. */
export interface Outcome {
  condition: string
  trials: number
  peak: Figure
  final: Figure
  cpu: Figure
  /** The most threads that the command had. */
  threads: number
  /** The ways in which trials ended, each once. */
  exits: string[]
  /** Trials that ended by themselves and failed. */
  failures: number
  /** Of these, those that ended by a signal which the command did not want. */
  crashes: number
  served: boolean
  /** The command ended before it was looked at a few times. */
  short: boolean
  /** The memory after the work is known: the command went on, or idled before it ended. */
  settled: boolean
  /** The memory was still rising when the work ended. */
  growing: boolean
  /** Requests of a trial that the command answered, if they were its work. */
  answered?: number
  /** A line that superslab wrote before it ended the command. */
  report?: string
  sightings?: Sightings
}

/** Assumed noise, as a share of the figure, where there is only one trial. */
const singleNoise = 0.1
/** Fewer requests than this share of the most are less work. */
const lessWork = 0.9
/** A rise by this share in the second half of the work counts as growth. */
const growth = 0.1
/** Fewer readings show neither the peak nor the course of the memory. */
export const readingsLeast = 5

export function outcome(condition: string, trials: readonly Trial[]): Outcome {
  const sightings = trials.map((trial) => trial.sightings).find((one) => one !== undefined)
  const report = trials
    .flatMap(({ errorOutput }) => errorOutput.match(/^superslab: [a-z ]+: 0x.*$/m)?.[0] ?? [])
    .at(0)
  return {
    condition,
    trials: trials.length,
    peak: figure(trials.map(({ peakBytes }) => peakBytes)),
    final: figure(trials.map(({ finalBytes }) => finalBytes)),
    cpu: figure(trials.map(({ cpuSeconds }) => cpuSeconds)),
    threads: Math.max(0, ...trials.flatMap(({ samples }) => samples.map(({ threads }) => threads))),
    exits: [...new Set(trials.map(exitText))],
    failures: trials.filter(isFailed).length,
    crashes: trials.filter(isCrashed).length,
    served: trials.every(({ served }) => served),
    short: trials.every(isShort),
    settled: trials.every(({ workSeconds }) => workSeconds !== undefined),
    growing: trials.every(isGrowing),
    ...answeredBy(trials),
    ...(report !== undefined && { report }),
    ...(sightings && { sightings }),
  }
}

function answeredBy(trials: readonly Trial[]): { answered?: number } {
  const counts = trials.flatMap(({ answers }) => (answers ? [answers.requests] : []))
  return counts.length > 0 ? { answered: median(counts) } : {}
}

/** The command did less under the condition than under another one, so its figures say little. */
export function didLess({ answered }: Outcome, all: readonly Outcome[]): boolean {
  return (
    answered !== undefined && answered < lessWork * Math.max(...all.map((one) => one.answered ?? 0))
  )
}

export function figure(values: readonly number[]): Figure {
  const middle = median(values)
  const noise = values.length > 1 ? 2 * standardError(values) : singleNoise * middle
  return { median: middle, noise }
}

/** Signals by which the system ends a program for what it did. */
const crashSignals: Partial<Record<string, number>> = {
  ...{ SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGSEGV: 11, SIGSYS: 31 },
}

/** A shell, or npx, adds 128 to the number of the signal that ended its program. */
const shellBase = 128

/** The signal that crashed the command: its own, or one that its shell reports by the exit code. */
export function crashSignal({ exit }: Pick<Trial, 'exit'>): string | undefined {
  if (exit.signal) return exit.signal in crashSignals ? exit.signal : undefined
  const number = (exit.code ?? 0) - shellBase
  return Object.entries(crashSignals).find(([, one]) => one === number)?.[0]
}

function exitText(trial: Trial): string {
  const { exit, stopped } = trial
  const how = exit.signal ?? `${exit.code}`
  return stopped && !isCrashed(trial) ? `stopped (${how})` : (crashSignal(trial) ?? how)
}

/** Even one that was asked to end may crash then. */
function isCrashed(trial: Trial): boolean {
  const { exit, stopSignal } = trial
  return (
    crashSignal(trial) !== undefined && (stopSignal === undefined || exit.signal !== stopSignal)
  )
}

/** Whether the trial ended by itself and failed. One that the plan ended may end in any way but a crash. */
export function isFailed(trial: Trial): boolean {
  return isCrashed(trial) || (!trial.stopped && trial.exit.code !== 0)
}

export function isShort({ samples, stopped }: Trial): boolean {
  return !stopped && samples.length < readingsLeast
}

/** Compares the medians of the last two quarters of the work. */
function isGrowing({ samples, workSeconds, seconds }: Trial): boolean {
  const end = workSeconds ?? seconds
  const quarter = (number: number) =>
    samples.filter((one) => Math.ceil((4 * one.seconds) / end) === number).map(({ bytes }) => bytes)
  const [before, last] = [quarter(3), quarter(4)]
  return before.length > 0 && last.length > 0 && median(last) > (1 + growth) * median(before)
}
