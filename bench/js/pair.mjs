// One block at a time is allocated, read and freed. Nanoseconds per pair.
import { nanoseconds } from './nanoseconds.mjs'

const pairs = 100

export async function pair({ load }, { size }) {
  const { take, end } = await load(size)
  let sum = 0
  const time = nanoseconds(() => {
    for (let i = 0; i < pairs; i++) {
      const block = take(size)
      sum += typeof block === 'number' ? block : block.length
      end(block)
    }
  })
  return { nanoseconds: time / pairs, sum: sum > 0 }
}
