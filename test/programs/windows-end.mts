// Workers that each make a window of their own come and go: all windows but the first few are unmapped.
import { equal, ok } from 'node:assert'
import { HeapWorker } from '../support/heap-worker.mjs'
import { mappings } from '../support/process-memory.mjs'

const reserved = () => mappings().reduce((bytes, { start, end }) => bytes + Number(end - start), 0)
let settled = 0
for (let round = 0; round < 12; round++) {
  const worker = new HeapWorker()
  const [view] = await worker.ask<Uint8Array[]>({ do: 'alloc', sizes: [5000], byte: round })
  await worker.end(round % 2 === 0 ? 'exit' : 'terminate')
  ok(view?.every((byte) => byte === round)) // the view keeps its memory mapped
  if (round === 7) settled = reserved()
}
const { stats } = await import('superslab')
equal(stats().heap.windows, 4 + 1)
ok(reserved() - settled < 80 * 2 ** 30) // views that were not collected yet keep their windows, and this thread has one
