// node native-thread.mjs ADDON: a native thread uses a block of a worker's window after the worker has ended, in each way,
// and frees it. This thread has not loaded the package by then: only the core keeps the window.
import { equal } from 'node:assert'
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { HeapWorker } from '../support/heap-worker.mjs'

const file = process.argv[2] as string
// Loaded here first, so that the end of a worker does not unload the code that the thread runs.
const addon = createRequire(import.meta.url)(file) as { end(): string }

// More workers than the number of windows that are kept in any case.
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
