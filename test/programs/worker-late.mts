// A worker that started before any thread had loaded the package loads it late: there are two windows, and either thread
// frees in both.
import { deepEqual, equal } from 'node:assert'
import { HeapWorker } from '../support/heap-worker.mjs'

const sizes = [0, 100, 5000, 65_536, 300_000]
const late = new HeapWorker()
equal((await late.ask<unknown[]>({ do: 'read', views: [] })).length, 0) // it runs

const { alloc, asBuffer, free, realloc, stats, usableSize } = await import('superslab')
const mine = sizes.map((size) => alloc(size).fill(1))
const ends = await late.ask<number[]>({ do: 'read', views: mine })
deepEqual(ends, [undefined, 1, 1, 1, 1])
equal(stats().heap.windows, 1)
deepEqual(
  await late.ask<string[]>({ do: 'free', views: mine }),
  sizes.map(() => 'done'),
)
equal(stats().heap.windows, 2)
equal(stats().heap.liveBlocks, 0)
for (const code of await late.ask<string[]>({ do: 'free', views: mine }))
  equal(code, 'ERR_SUPERSLAB_DOUBLE_FREE')

const theirs = await late.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: 2 })
equal(stats().heap.liveBlocks, sizes.length)
for (const [i, view] of theirs.entries()) {
  equal(asBuffer(view).length, sizes[i])
  equal(usableSize(view) >= (sizes[i] as number), true)
  const moved = realloc(view, view.length + 100_000) // into this thread's window
  equal(
    moved.subarray(0, view.length).every((byte) => byte === 2),
    true,
  )
  free(moved)
}
equal(stats().heap.liveBlocks, 0)
await late.end()
equal(stats().heap.isolates, 1)
