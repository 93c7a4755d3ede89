import { system } from './allocators'
import type { Measurement } from './measurement'
import type { CaseMeasurements } from './rounds'
import { median, standardError, variation } from './statistics'

/** The rounds of one allocator in one case. */
export interface Sample {
  seconds: number
  /** Coefficient of variation of the seconds. */
  variation: number
  opsPerSecond: number
  peakRssBytes?: number
}

export type Verdict = 'faster' | 'slower' | 'tie'

/** One allocator beside the system's malloc. */
export interface Comparison {
  label: string
  threads: number
  allocator: string
  own: Sample
  system: Sample
  timeRatio: number
  /** Noise of the ratio: twice its standard error over the rounds. */
  noise: number
  verdict: Verdict
  rssRatio?: number
}

export function summarize(results: readonly CaseMeasurements[]): Comparison[] {
  return results.flatMap(({ case: one, measurements }) => {
    const base = measurements.get(system.name) ?? []
    return [...measurements]
      .filter(([allocator]) => allocator !== system.name)
      .map(([allocator, own]) => ({ label: one.label, allocator, ...compare(own, base) }))
  })
}

/** A figure over the rounds. */
export interface Range {
  median: number
  least: number
  most: number
}

/** The memory that one allocator keeps in a case that idles. */
export interface IdleFigures {
  label: string
  allocator: string
  /** The largest number of live bytes. */
  peakLive: Range
  /** The peak RSS over that. */
  peakRatio: Range
  /** Resident bytes beyond the live ones while it idled, and their share of the peak RSS. */
  beyond: Range
  idleShare: Range
  /** Resident bytes after all was freed, as a share of the peak RSS. */
  freedShare: Range
}

export function idleFigures(results: readonly CaseMeasurements[]): IdleFigures[] {
  return results.flatMap(({ case: one, measurements }) =>
    [...measurements]
      .filter(([, rounds]) => rounds[0]?.idleRssBytes !== undefined)
      .map(([allocator, rounds]) => ({ label: one.label, allocator, ...ranges(rounds) })),
  )
}

function ranges(rounds: readonly Measurement[]): Omit<IdleFigures, 'label' | 'allocator'> {
  const none = Number.NaN
  const over = (of: (round: Measurement) => number) => range(rounds.map(of))
  const peak = ({ peakRssBytes = none }: Measurement) => peakRssBytes
  return {
    peakLive: over(({ peakLiveBytes = none }) => peakLiveBytes),
    peakRatio: over((round) => peak(round) / (round.peakLiveBytes ?? none)),
    beyond: over(({ idleRssBytes = none, liveBytes = none }) => idleRssBytes - liveBytes),
    idleShare: over((round) => (round.idleRssBytes ?? none) / peak(round)),
    freedShare: over((round) => (round.freedRssBytes ?? none) / peak(round)),
  }
}

export function range(values: readonly number[]): Range {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

export function sample(measurements: readonly Measurement[]): Sample {
  const seconds = measurements.map((one) => one.seconds)
  const peaks = measurements.flatMap((one) => one.peakRssBytes ?? [])
  return {
    seconds: median(seconds),
    variation: variation(seconds),
    opsPerSecond: median(measurements.map((one) => one.opsPerSecond)),
    ...(peaks.length > 0 && { peakRssBytes: median(peaks) }),
  }
}

function compare(
  rounds: readonly Measurement[],
  baseRounds: readonly Measurement[],
): Omit<Comparison, 'label' | 'allocator'> {
  const [own, base] = [sample(rounds), sample(baseRounds)]
  const timeRatio = own.seconds / base.seconds
  // The two runs of a round follow each other: a slow phase of the machine slows both and leaves the ratio.
  const ratios = rounds.map(({ seconds }, i) => seconds / (baseRounds[i]?.seconds ?? Number.NaN))
  const noise = 2 * standardError(ratios)
  return {
    threads: rounds[0]?.threads ?? 1,
    own,
    system: base,
    timeRatio,
    noise,
    verdict: verdict(timeRatio, noise),
    ...(own.peakRssBytes &&
      base.peakRssBytes && { rssRatio: own.peakRssBytes / base.peakRssBytes }),
  }
}

export function verdict(ratio: number, noise: number): Verdict {
  if (Math.abs(ratio - 1) <= noise) return 'tie'
  return ratio < 1 ? 'faster' : 'slower'
}
