import { readFileSync } from 'node:fs'
import Benchmark from 'benchmark'

/** Milliseconds for which this thread was ready to run and others had the processors; Linux alone knows. */
function waited() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

/**
 * What one call takes, by the benchmark package: the mean of its samples, after what it takes to compile, less the part
 * of the time in which other programs had the processors.
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
