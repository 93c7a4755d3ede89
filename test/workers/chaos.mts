// Right and wrong uses of Buffers, at random, until the end is signalled; the results are counted by error code.
import { parentPort, workerData } from 'node:worker_threads'
import {
  alloc,
  allocZeroed,
  asBuffer,
  free,
  Pool,
  pin,
  realloc,
  Scope,
  trim,
  usableSize,
} from 'superslab'
import { heap } from 'superslab/raw'
import { Random } from '../support/random.mjs'

const { seed, gate } = workerData as { seed: number; gate: Int32Array }
const threads = 4
const random = new Random(seed)
const counts: Record<string, number> = {}
const pool = new Pool(300)
const pooled: Buffer[] = []
const stale: Buffer[] = []
let live: Buffer[] = []
let raw: number[] = []

function attempt<Result>(action: () => Result): Result | undefined {
  let code = 'done'
  try {
    return action()
  } catch (error) {
    code = (error as { code?: string }).code ?? ''
    if (!code.startsWith('ERR_')) throw error
  } finally {
    counts[code] = (counts[code] ?? 0) + 1
  }
  return undefined
}

const size = () => random.below(random.below(10) === 0 ? 500_000 : 4000)
const pick = <Item,>(from: Item[]): Item | undefined => from[random.below(from.length || 1)]

/** Takes an item out, so that it is used once. */
function take<Item>(from: Item[]): Item | undefined {
  const last = from.pop()
  if (last === undefined || from.length === 0) return last
  const at = random.below(from.length)
  const taken = from[at]
  from[at] = last
  return taken
}

function keep(buffer: Buffer | undefined): void {
  if (buffer !== undefined) live.push(buffer)
}

const actions = [
  () => keep(attempt(() => alloc(size()))),
  () => keep(attempt(() => allocZeroed(size()))),
  () => raw.push(attempt(() => heap.malloc(size())) ?? -1),
  () => {
    const buffer = take(live)
    if (buffer === undefined) return
    attempt(() => free(buffer))
    stale.push(buffer)
    if (stale.length > 1000) stale.shift()
  },
  () => attempt(() => heap.free(take(raw) ?? 0)),
  () => {
    const buffer = take(live)
    if (buffer === undefined) return
    const moved = attempt(() => realloc(buffer, size()))
    keep(moved ?? buffer)
  },
  () => {
    pooled.push(pool.alloc())
    const buffer = take(pooled)
    if (buffer !== undefined && random.below(2) === 0) attempt(() => pool.free(buffer))
    else if (buffer !== undefined) pooled.push(buffer)
  },
  () => attempt(() => Scope.run((scope) => scope.alloc(size()).fill(1).length)),
  () => {
    const buffer = take(live)
    if (buffer === undefined) return
    const held = attempt(() => pin(buffer))
    attempt(() => free(buffer))
    held?.release()
  },
  // From here on wrong uses.
  () => attempt(() => free(pick(stale) ?? Buffer.alloc(1))),
  () => attempt(() => free((pick(live) ?? Buffer.alloc(9)).subarray(random.below(3)))),
  () => attempt(() => free(new Uint8Array(heap.buffer, random.below(1000) * 16, 16))),
  () => attempt(() => pool.free(pick(live) ?? Buffer.alloc(1))),
  () => attempt(() => heap.usableSize(random.next())),
  () => attempt(() => usableSize(pick(stale) ?? Buffer.alloc(1))),
  () => keep(attempt(() => realloc(pick(stale) ?? Buffer.alloc(1), 100))),
  () => attempt(() => asBuffer(structuredClone(pick(live) ?? Buffer.alloc(9)).subarray(1))),
  () => {
    // Past the end of a live Buffer, and before it.
    const { byteOffset, length } = pick(live) ?? Buffer.alloc(1)
    heap.u8.fill(random.next(), byteOffset - 100, byteOffset + length + 100)
  },
  () => pick(stale)?.fill(random.next()),
  () => {
    // Anywhere at all in the window.
    for (let i = 0; i < 20; i++) heap.u32[random.below(heap.u32.length)] = random.next()
    const at = random.below(heap.u8.length)
    heap.u8.fill(random.next(), at, at + random.below(100_000))
  },
]

function work(): void {
  for (let i = 0; i < 300; i++) actions[random.below(actions.length)]?.()
  while (live.length > 200) attempt(() => free(live.pop() as Buffer))
  while (raw.length > 200) attempt(() => heap.free(raw.pop() as number))
  if (random.below(50) === 0) trim()
}

/** Frees the same Buffers as the other threads in the same moment; returns the result of each free. */
function contest(views: Uint8Array[]): string[] {
  return views.map((view, i) => {
    Atomics.add(gate, 0, 1)
    while (Atomics.load(gate, 0) < threads * (i + 1));
    let result = 'done'
    attempt(() => {
      try {
        free(view)
      } catch (error) {
        result = (error as { code?: string }).code ?? ''
        throw error
      }
    })
    return result
  })
}

function finish(): void {
  for (const buffer of live) attempt(() => free(buffer))
  for (const block of raw) attempt(() => heap.free(block))
  for (const buffer of pooled) attempt(() => pool.free(buffer))
  attempt(() => pool.trim())
  live = []
  raw = []
  parentPort?.postMessage(counts)
}

parentPort?.on('message', (message: Uint8Array[] | 'end') => {
  if (message === 'end') process.exit(0)
  if (Atomics.load(gate, 1) === 1) {
    finish()
    return
  }
  const results = contest(message as Uint8Array[])
  for (let i = 0; i < 10; i++) work()
  parentPort?.postMessage(results)
})
