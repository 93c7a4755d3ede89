import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import type * as Superslab from 'superslab'
import { alloc, asBuffer, free, pin, Scope, type SuperslabError, stats } from 'superslab'
import { HeapWorker } from './support/heap-worker.mjs'

const sizes = [0, 1, 100, 1024, 5000, 65_536, 70_000, 1_000_000]
const ends = ['exit', 'throw', 'terminate', 'wait'] as const

for (const program of ['worker-first', 'worker-late', 'windows-end'])
  test(`program ${program} ends well`, async (t) => {
    const file = fileURLToPath(new URL(`programs/${program}.mjs`, import.meta.url))
    await t.notThrowsAsync(promisify(execFile)(process.execPath, [file]))
  })

test.serial('a worker sees the memory of a Buffer, and either thread frees it once', async (t) => {
  const before = stats().heap
  const worker = new HeapWorker()
  const buffers = sizes.map((size) => alloc(size).fill(3))
  t.deepEqual(
    await worker.ask({ do: 'read', views: buffers }),
    sizes.map((size) => (size > 0 ? 3 : undefined)),
  )
  const done = sizes.map(() => 'done')
  t.deepEqual(await worker.ask({ do: 'free', views: buffers }), done)
  for (const buffer of buffers) t.throws(() => free(buffer), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
  const views = await worker.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: 5 })
  for (const view of views) {
    t.false(Buffer.isBuffer(view))
    t.true(asBuffer(view).every((byte) => byte === 5))
    if (view.length > 16) t.throws(() => free(view.subarray(1)), { instanceOf: Error })
    free(view)
    t.throws(() => free(view), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
  }
  t.is(stats().heap.liveBlocks, before.liveBlocks)
  t.is(stats().heap.windows, before.windows)
  await worker.end()
})

test.serial('a scope frees views that another thread sent, unless they were freed', async (t) => {
  const before = stats().heap.liveBlocks
  const worker = new HeapWorker()
  const views = await worker.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: 5 })
  const scope = new Scope()
  for (const view of views) scope.add(view)
  free(views[3] as Uint8Array)
  scope.keep(views[4] as Uint8Array)
  scope.free()
  t.is(stats().heap.liveBlocks, before + 1)
  free(views[4] as Uint8Array)
  t.is(stats().heap.liveBlocks, before)
  await worker.end()
})

test.serial('an isolate’s cached blocks go back to the window however it ends', async (t) => {
  const before = stats().heap
  for (const how of ends) {
    const worker = new HeapWorker()
    const views = await worker.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: 1 })
    t.is(stats().heap.isolates, before.isolates + 1)
    await worker.end(how)
    views.forEach(free)
    const after = stats().heap
    t.is(after.isolates, before.isolates, how)
    // A worker that was terminated in the middle of a call may have lost one block.
    t.true(after.liveBlocks - before.liveBlocks <= (how === 'wait' ? 1 : 0), how)
    before.liveBlocks = after.liveBlocks
  }
})

test.serial('a pool of workers passes Buffers around', async (t) => {
  const before = stats().heap
  const workers = Array.from({ length: 4 }, () => new HeapWorker())
  for (let round = 0; round < 20; round++) {
    const batches = await Promise.all(
      workers.map((worker, i) => worker.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: i })),
    )
    const freed = await Promise.all(
      workers.map((worker, i) =>
        worker.ask<string[]>({ do: 'free', views: batches[(i + 1) % 4] ?? [] }),
      ),
    )
    t.true(freed.flat().every((result) => result === 'done'))
  }
  await Promise.all(workers.map((worker) => worker.end('terminate')))
  const after = stats().heap
  t.is(after.liveBlocks, before.liveBlocks)
  t.is(after.liveBytes, before.liveBytes)
  t.is(after.isolates, before.isolates)
})

test.serial('a pin puts off another thread’s free, and ends with its thread', async (t) => {
  const before = stats().heap.liveBlocks
  const worker = new HeapWorker()
  const [view] = await worker.ask<Uint8Array[]>({ do: 'alloc', sizes: [5000], byte: 1 })
  const held = pin(view as Uint8Array)
  t.deepEqual(await worker.ask({ do: 'free', views: [view as Uint8Array] }), ['done'])
  t.is(stats().heap.liveBlocks, before + 1)
  held.release()
  t.is(stats().heap.liveBlocks, before)
  await worker.end()
})

/** Another copy of the package; a module in it finds itself by name. */
function copy(): { folder: string; file: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-copy-'))
  const at = path.join(folder, 'node_modules/superslab')
  mkdirSync(at, { recursive: true })
  for (const part of ['package.json', 'dist', 'build/Release'])
    cpSync(part, path.join(at, part), { recursive: true })
  return { folder, file: path.join(folder, 'main.js') }
}

test.serial('copies of the package share one core, in a thread and between threads', async (t) => {
  const { folder, file } = copy()
  t.teardown(() => rmSync(folder, { recursive: true }))
  const before = stats().heap
  const other = createRequire(file)('superslab') as typeof Superslab
  t.not(other.alloc, undefined)
  const buffers = sizes.map((size) => other.alloc(size))
  buffers.forEach(free)
  for (const buffer of buffers) {
    const error = t.throws(() => other.free(buffer)) as SuperslabError
    t.is(error.code, 'ERR_SUPERSLAB_DOUBLE_FREE')
  }
  const worker = new HeapWorker(file)
  const views = await worker.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: 9 })
  t.deepEqual(await worker.ask<object>({ do: 'stats' }), { ...stats().heap })
  t.is(stats().heap.windows, before.windows)
  views.forEach(other.free)
  const mine = sizes.map((size) => alloc(size))
  t.deepEqual(
    await worker.ask({ do: 'free', views: mine }),
    sizes.map(() => 'done'),
  )
  await worker.end()
  t.is(stats().heap.liveBlocks, before.liveBlocks)
})
