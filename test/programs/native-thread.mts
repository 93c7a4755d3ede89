// node native-thread.mjs ADDON: a native thread goes on using a block of a worker's window when that worker has ended,
// whatever way, and frees it. This thread has not loaded the package by then: nobody holds the window but the core.
import { equal } from 'node:assert'
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { HeapWorker } from '../support/heap-worker.mjs'

const file = process.argv[2] as string
// Here first, so that the end of a worker does not unload the code that the thread runs.
const addon = createRequire(import.meta.url)(file) as { end(): string }

// More of them than windows that are kept without an address having been asked for.
const ends = ['exit', 'terminate', 'throw', 'exit', 'terminate', 'throw', 'exit'] as const
for (const how of ends) {
  const worker = new HeapWorker()
  for (const size of [100, 5000, 300_000]) {
    await worker.ask({ do: 'native', addon: file, size })
    if (size === 300_000) await worker.end(how)
    await setTimeout(10) // the thread goes on meanwhile
    equal(addon.end(), 'freed once', how)
  }
}

const { stats } = await import('superslab')
equal(stats().heap.liveBlocks, 0)
equal(stats().heap.windows, ends.length + 1)
