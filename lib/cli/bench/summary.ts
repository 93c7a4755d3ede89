import { system } from './allocators'
import type { Measurement } from './measurement'
import type { CaseMeasurements } from './rounds'
import { median, variation } from './statistics'

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
  verdict: Verdict
  rssRatio?: number
}

export function summarize(results: readonly CaseMeasurements[]): Comparison[] {
  return results.flatMap(({ case: one, measurements }) => {
    const base = sample(measurements.get(system.name) ?? [])
    return [...measurements]
      .filter(([name]) => name !== system.name)
      .map(([allocator, own]) =>
        compare(one.label, own[0]?.threads ?? 1, allocator, sample(own), base),
      )
  })
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
  label: string,
  threads: number,
  allocator: string,
  own: Sample,
  base: Sample,
): Comparison {
  const timeRatio = own.seconds / base.seconds
  return {
    label,
    threads,
    allocator,
    own,
    system: base,
    timeRatio,
    verdict: verdict(timeRatio, Math.hypot(own.variation, base.variation)),
    ...(own.peakRssBytes &&
      base.peakRssBytes && { rssRatio: own.peakRssBytes / base.peakRssBytes }),
  }
}

/** `noise` is the coefficient of variation that the ratio itself would have. */
export function verdict(ratio: number, noise: number): Verdict {
  if (Math.abs(ratio - 1) <= noise) return 'tie'
  return ratio < 1 ? 'faster' : 'slower'
}
