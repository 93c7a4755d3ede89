import Benchmark from 'benchmark'

/** What one call takes, by the benchmark package: the mean of its samples, after what it takes to compile. */
export function nanoseconds(call) {
  const measure = (maxTime) => new Benchmark(call, { maxTime, minSamples: 3 }).run()
  measure(0.05)
  const { error, stats } = measure(0.2)
  if (error) throw error
  return stats.mean * 1e9
}
