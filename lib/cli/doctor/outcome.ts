import { median, standardError } from '../bench/statistics'
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
  peak: Figure
  final: Figure
  cpu: Figure
  /** The ways in which trials ended, each once. */
  exits: string[]
  failed: boolean
  served: boolean
  /** The memory was still rising when the work ended. */
  growing: boolean
}

/** Assumed noise, as a share of the figure, where there is only one trial. */
const singleNoise = 0.1
/** A rise by this share in the second half of the work counts as growth. */
const growth = 0.1

export function outcome(condition: string, trials: readonly Trial[]): Outcome {
  return {
    condition,
    peak: figure(trials.map(({ peakBytes }) => peakBytes)),
    final: figure(trials.map(({ finalBytes }) => finalBytes)),
    cpu: figure(trials.map(({ cpuSeconds }) => cpuSeconds)),
    exits: [...new Set(trials.map(exitText))],
    failed: trials.some(isFailed),
    served: trials.every(({ served }) => served),
    growing: trials.every(isGrowing),
  }
}

export function figure(values: readonly number[]): Figure {
  const middle = median(values)
  const noise = values.length > 1 ? 2 * standardError(values) : singleNoise * middle
  return { median: middle, noise }
}

function exitText({ exit, stopped }: Trial): string {
  const how = exit.signal ?? `${exit.code}`
  return stopped ? `stopped (${how})` : how
}

/** Whether the trial ended by itself and failed. One that the plan ended may end in any way. */
function isFailed({ exit, stopped }: Trial): boolean {
  return !stopped && exit.code !== 0
}

/** Compares the medians of the last two quarters of the work. */
function isGrowing({ samples, workSeconds, seconds }: Trial): boolean {
  const end = workSeconds ?? seconds
  const quarter = (number: number) =>
    samples.filter((one) => Math.ceil((4 * one.seconds) / end) === number).map(({ bytes }) => bytes)
  const [before, last] = [quarter(3), quarter(4)]
  return before.length > 0 && last.length > 0 && median(last) > (1 + growth) * median(before)
}
