// A worker is the first to load the package; this thread does so when that one has ended.
import { equal, ok } from 'node:assert'
import { HeapWorker } from '../support/heap-worker.mjs'
import { readMemory } from '../support/process-memory.mjs'

const sizes = [100, 5000, 65_536, 300_000]
const first = new HeapWorker()
const [one = [], addresses = []] = [
  await first.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: 7 }),
  await first.ask<number[]>({ do: 'address' }),
]
await first.end()
for (const [i, view] of one.entries()) {
  ok(view.every((byte) => byte === 7))
  // The bytes that native code sees at the address.
  ok(readMemory(addresses[i] as number, view.length).every((byte) => byte === 7))
}

const { alloc, free, stats } = await import('superslab')
equal(stats().heap.windows, 2)
equal(stats().heap.liveBlocks, sizes.length)
const own = alloc(100)
for (const view of one) free(view)
free(own)
equal(stats().heap.liveBlocks, 0)

// A worker made now inherits this thread's window.
const second = new HeapWorker()
const two = await second.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: 8 })
equal(stats().heap.windows, 2)
await second.end('terminate')
for (const view of two) free(view)
for (const view of two) {
  let code = ''
  try {
    free(view)
  } catch (error) {
    code = (error as { code: string }).code
  }
  equal(code, 'ERR_SUPERSLAB_DOUBLE_FREE')
}
const { liveBlocks, isolates } = stats().heap
equal(liveBlocks, 0)
equal(isolates, 1)
