// npm run bench:js: what malloc and free cost from JavaScript, call included.
import Benchmark from 'benchmark'
import { native } from 'superslab'

const suite = new Benchmark.Suite()
for (const size of [64, 1024, 4096, 65536])
  suite.add(`malloc and free, ${size} B`, () => native.free(native.malloc(size)))

suite
  .on('cycle', ({ target }) => {
    const nanoseconds = (target.stats.mean * 1e9).toFixed(1)
    console.log(`${target.name}: ${nanoseconds} ns ±${target.stats.rme.toFixed(1)}%`)
  })
  .run()
