// Compares two builds of superslab-bench by instructions, time and peak RSS of a case.
import statistics from '../dist/cli/bench/statistics.js'

const { median, standardError } = statistics

/** A ratio above 1 by more than this is a regression, if it is beyond the noise too. */
export const limits = { instructions: 0.01, seconds: 0.03, peakRssBytes: 0.05 }

/**
 * Compares measurements in rounds, of each build one per round: `pairs` are [base, candidate]. The two runs of a round
 * follow each other: a slow phase of the machine slows both and leaves their ratio.
 */
export function judge(pairs, limit) {
  const ratios = pairs.map(([base, candidate]) => candidate / base)
  const ratio = median(ratios)
  const noise = ratios.length > 1 ? 2 * standardError(ratios) : 0
  const verdict = ratio - 1 > Math.max(limit, noise) ? 'worse' : 'ok'
  const [base, candidate] = [0, 1].map((which) => median(pairs.map((pair) => pair[which])))
  return { base, candidate, ratio, noise, verdict }
}
