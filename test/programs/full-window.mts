// Fills the window to its end with Buffers and writes to them, empties it, and uses it from two threads unless the
// argument is `alone`; prints the window's capacity.
import { deepEqual, equal, ok } from 'node:assert'
import { alloc, free, HeapFullError, stats } from 'superslab'
import { HeapWorker } from '../support/heap-worker.mjs'

const step = 2 ** 20
const buffers: Buffer[] = []
const { limitBytes } = stats().heap
const { arrayBuffers } = process.memoryUsage()
let refused: unknown
try {
  while (buffers.length <= limitBytes / step) buffers.push(alloc(step).fill(1))
} catch (error) {
  refused = error
}
ok(refused instanceof HeapFullError && refused instanceof RangeError)
deepEqual([refused.size, refused.limit, refused.live], [step, limitBytes, buffers.length * step])
ok(buffers.length >= Math.floor(limitBytes / step) - 1)
ok(process.memoryUsage().arrayBuffers - arrayBuffers < step)
buffers.forEach(free)
equal(stats().heap.liveBlocks, 0)

async function share(): Promise<void> {
  const sizes = [0, 1, 100, 5000, 65_536, 70_000, 1_000_000]
  const worker = new HeapWorker()
  const views = await worker.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: 5 })
  for (const view of views) ok(view.every((byte) => byte === 5))
  const mine = sizes.map((size) => alloc(size).fill(6))
  deepEqual(await worker.ask({ do: 'read', views: mine }), [undefined, 6, 6, 6, 6, 6, 6])
  deepEqual(
    await worker.ask({ do: 'free', views: mine }),
    sizes.map(() => 'done'),
  )
  views.forEach(free)
  await worker.end()
  equal(stats().heap.liveBlocks, 0)
}

if (process.argv[2] !== 'alone') await share()
console.log(limitBytes)
