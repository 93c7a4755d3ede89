// The reports' workload, in JavaScript: 8192 slots, sizes of 16 to 1040 bytes, seed 42. Each operation picks a slot,
// frees the block in it and puts a block of a random size there. Nanoseconds per operation.
import { nanoseconds } from './nanoseconds.mjs'

const slotCount = 8192
const operations = 10_000

export async function randomMixed({ load }) {
  const { take, end } = await load()
  const slots = new Array(slotCount).fill(undefined)
  let state = 42
  const time = nanoseconds(() => {
    for (let i = 0; i < operations; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      const slot = (state >>> 8) & (slotCount - 1)
      const old = slots[slot]
      if (old !== undefined) end(old)
      slots[slot] = take(16 + (Math.imul(state, 0x9e3779b1) >>> 22))
    }
  })
  return { nanoseconds: time / operations }
}
