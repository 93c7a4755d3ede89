import { readFileSync } from 'node:fs'
import Benchmark from 'benchmark'

/** Milliseconds for which this thread waited for a processor; only Linux tells. */
function waited() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

/**
 * The time of one call, by the benchmark package: the mean of its samples after compilation, less the share of the time
 * for which this thread waited for a processor.
 */
export function nanoseconds(call) {
  const measure = (maxTime) => {
    const [start, before] = [performance.now(), waited()]
    const { error, stats } = new Benchmark(call, { maxTime, minSamples: 3 }).run()
    if (error) throw error
    return stats.mean * (1 - (waited() - before) / (performance.now() - start))
  }
  measure(0.05)
  return measure(0.2) * 1e9
}
