// Calls at the end of the stack, where any of them may throw at any step: no block is lost, none is freed that its Buffer
// still calls live, and a realloc that throws has not ended what it was given.
import { equal } from 'node:assert'
import { alloc, allocZeroed, free, realloc, stats } from 'superslab'

const rounds = Number(process.argv[2] ?? 100)
const kept: Buffer[] = new Array(100_000) // so that a store has nothing to do but store
let count = 0
let overflows = 0

/** Takes more and more of the stack, in steps that differ from round to round, until it is spent. */
function fall(action: () => void, ...padding: number[]): void {
  action()
  fall(action, ...padding)
}

function atTheEnd(action: () => void, round: number): void {
  try {
    fall(action, ...Array.from({ length: round % 13 }, (_, i) => i))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    overflows++
  }
}

/** Nothing is called after the Buffer is there. */
const allocating = (make: (size: number) => Buffer, size: number) => () => {
  const buffer = make(size)
  kept[count] = buffer
  count += 1
}

const freeing = () => {
  if (count === 0) return
  free(kept[count - 1] as Buffer)
  count -= 1
}

const resizing = (sizes: number[]) => () => {
  const buffer = realloc(kept[0] as Buffer, sizes[kept[0]?.length === sizes[0] ? 1 : 0] as number)
  kept[0] = buffer
}

const before = stats().heap.liveBlocks
function ends(what: string): void {
  while (count > 0) freeing()
  free(alloc(1)) // has what could not be freed at the end of the stack freed
  equal(stats().heap.liveBlocks, before, what)
}

for (let round = 0; round < rounds; round++) {
  for (const size of [100, 3000, 70_000]) {
    atTheEnd(allocating(alloc, size), round)
    atTheEnd(freeing, round)
    ends(`alloc(${size}), round ${round}`)
    atTheEnd(allocating(allocZeroed, size), round)
    ends(`allocZeroed(${size}), round ${round}`)
  }
  for (const sizes of [
    [100, 101],
    [100, 3000],
    [70_000, 70_001],
    [70_000, 200_000],
  ]) {
    kept[0] = alloc(sizes[0] as number)
    count = 1
    atTheEnd(resizing(sizes), round)
    ends(`realloc(${sizes}), round ${round}`)
  }
}
console.log(JSON.stringify({ overflows }))
