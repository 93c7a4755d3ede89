// Calls at the end of the stack, where each may throw at any step. No block is lost, no block is freed whose Buffer is
// still live, and a realloc that throws has not freed its argument.
import { equal } from 'node:assert'
import { alloc, allocZeroed, free, Pool, realloc, Scope, stats, watch } from 'superslab'
import { heap } from 'superslab/raw'

const rounds = Number(process.argv[2] ?? 100)
const kept: Buffer[] = new Array(100_000) // so that a store never has to grow the array
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

/** Calls no function after the Buffer exists. */
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

/** Also at the end of the stack, a Buffer that a pool takes back or hands out is in exactly one place. */
const recycling = (pool: Pool) => () => {
  if (count === 0) {
    const buffer = pool.alloc()
    kept[0] = buffer
    count = 1
    return
  }
  // The Buffer may rest although the call threw: then the pool refuses it.
  pool.free(kept[count - 1] as Buffer)
  count -= 1
}

const offsets: number[] = new Array(100_000)
const callocating = (size: number) => () => {
  const block = heap.calloc(1, size)
  offsets[count] = block
  count += 1
}
const resizingRaw = () => {
  const block = heap.realloc(
    offsets[0] as number,
    heap.usableSize(offsets[0] as number) > 5000 ? 100 : 9000,
  )
  offsets[0] = block
}

const before = stats().heap.liveBlocks
function ends(what: string): void {
  while (count > 0) freeing()
  free(alloc(1)) // frees the block that a call at the end of the stack has left
  equal(stats().heap.liveBlocks, before, what)
}

function buffers(round: number, how: string): void {
  for (const size of [100, 3000, 70_000]) {
    atTheEnd(allocating(alloc, size), round)
    atTheEnd(freeing, round)
    ends(`alloc(${size}), round ${round}${how}`)
    atTheEnd(allocating(allocZeroed, size), round)
    ends(`allocZeroed(${size}), round ${round}${how}`)
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
    ends(`realloc(${sizes}), round ${round}${how}`)
  }
}

for (let round = 0; round < rounds; round++) {
  buffers(round, '')
  for (const options of [{ track: true }, { collect: true }]) {
    watch(options)
    buffers(round, `, ${JSON.stringify(options)}`)
    watch({})
  }
}

/** The same on the way back from the end, so that every step of an action fails once. */
function dive(action: () => void, succeeded = { times: 0 }): void {
  try {
    dive(action, succeeded)
  } catch {}
  if (succeeded.times > 5) return
  try {
    action()
    succeeded.times++
  } catch {}
}

const taking = (pool: Pool) => () => {
  const buffer = pool.alloc()
  kept[count] = buffer
  count += 1
}

for (let round = 0; round < rounds; round++) {
  for (const size of [100, 70_000]) {
    const scope = new Scope()
    dive(() => scope.alloc(size))
    dive(() => scope.allocZeroed(size))
    dive(() => scope.free())
    scope.free()
    ends(`Scope of ${size}, round ${round}`)

    for (const max of [0, 1, 3]) {
      const pool = new Pool(size, { max })
      atTheEnd(recycling(pool), round)
      dive(recycling(pool))
      dive(taking(pool))
      for (let i = 0; i < 5; i++) pool.free(alloc(size))
      dive(() => pool.trim())
      pool.trim()
      ends(`Pool of ${size}, at most ${max}, round ${round}`)
    }

    dive(callocating(size))
    while (count > 0) heap.free(offsets[--count] as number)
    ends(`calloc(${size}), round ${round}`)
  }
  offsets[0] = heap.malloc(100)
  dive(resizingRaw)
  heap.free(offsets[0] as number)
  ends(`realloc of an offset, round ${round}`)
}
console.log(JSON.stringify({ overflows }))
