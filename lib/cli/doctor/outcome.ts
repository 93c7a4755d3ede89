import { median, standardError } from '../bench/statistics'
import type { Trial } from './trial'

/** One figure over the trials of a condition. */
export interface Figure {
  median: number
  /** How far the median may be off: twice the standard error, or a tenth where there is one trial. */
  noise: number
}

/** All trials of one condition. */
export interface Outcome {
  condition: string
  peak: Figure
  final: Figure
  cpu: Figure
  /** How the trials ended, each way once. */
  exits: string[]
  failed: boolean
  served: boolean
  /** The memory was still rising when the work ended. */
  growing: boolean
}

/** Of what is known of one trial's figures without another trial. */
const singleNoise = 0.1
/** A rise over the second half of the work by this part is growth. */
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

/** Ended by itself and not well. What the plan ended may end as it likes. */
function isFailed({ exit, stopped }: Trial): boolean {
  return !stopped && exit.code !== 0
}

/** Compares the last quarter of the work with the one before: the middle of each. */
function isGrowing({ samples, workSeconds, seconds }: Trial): boolean {
  const end = workSeconds ?? seconds
  const quarter = (number: number) =>
    samples.filter((one) => Math.ceil((4 * one.seconds) / end) === number).map(({ bytes }) => bytes)
  const [before, last] = [quarter(3), quarter(4)]
  return before.length > 0 && last.length > 0 && median(last) > (1 + growth) * median(before)
}
