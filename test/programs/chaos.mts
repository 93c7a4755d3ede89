// Four threads use Buffers rightly and wrongly, at random: node chaos.mjs SECONDS SEED. In the end the statistics are exact
// and the window is whole, because the allocator keeps its own data where no program can write.
import { deepEqual, equal, ok } from 'node:assert'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { alloc, free, stats, trim } from 'superslab'
import { Random } from '../support/random.mjs'

const [seconds = 8, seed = 42] = process.argv.slice(2).map(Number)
const threads = 4
const random = new Random(seed)
const before = stats()

/** [0]: number of threads at the gate; [1]: 1 when all shall end. */
const gate = new Int32Array(new SharedArrayBuffer(8))
const workers = Array.from({ length: threads }, (_, i) => {
  const worker = new Worker(new URL('../workers/chaos.mjs', import.meta.url), {
    workerData: { seed: seed + 1 + i, gate },
  })
  const ended = once(worker, 'exit')
  worker.on('error', (error) => {
    throw error
  })
  return { worker, ended }
})

// All threads get the same Buffers at once and free them in the same moment.
const end = performance.now() + seconds * 1000
let contests = 0
while (performance.now() < end) {
  const buffers = Array.from({ length: 16 }, () => alloc(random.below(random.below(200_000) + 1)))
  Atomics.store(gate, 0, 0)
  const answers = Promise.all(workers.map(({ worker }) => once(worker, 'message')))
  for (const { worker } of workers) worker.postMessage(buffers)
  const results = (await answers).map(([codes]) => codes as string[])
  // A block that every thread's free refuses could never be freed.
  for (const i of buffers.keys()) {
    const told = results.map((codes) => codes[i])
    ok(
      told.some((code) => code !== undefined && code !== 'ERR_SUPERSLAB_NOT_A_BLOCK'),
      `a Buffer of ${buffers[i]?.length} bytes: ${told}`,
    )
  }
  contests += buffers.length
}
Atomics.store(gate, 1, 1)
for (const { worker } of workers) worker.postMessage([])
let done: Record<string, number> = {}
for (const { worker, ended } of workers) {
  const [counts] = await once(worker, 'message')
  for (const [name, count] of Object.entries(counts as Record<string, number>))
    done = { ...done, [name]: (done[name] ?? 0) + count }
  worker.postMessage('end')
  await ended
}

trim() // after two frees in one instant, two threads may have the same block cached
const after = stats()
equal(after.heap.liveBlocks, before.heap.liveBlocks)
equal(after.heap.liveBytes, before.heap.liveBytes)
equal(after.heap.isolates, before.heap.isolates)
equal(after.heap.windows, before.heap.windows)
equal(after.liveBlocks, before.liveBlocks)
for (const name of ['done', 'ERR_SUPERSLAB_DOUBLE_FREE', 'ERR_SUPERSLAB_NOT_A_BLOCK'])
  ok((done[name] ?? 0) > 0, name)

// Every block has one owner: no two blocks share a byte.
const whole = Array.from({ length: 20_000 }, (_, i) => {
  const buffer = alloc(random.below(3000) + 4)
  buffer.fill(i & 0xff).writeUInt32LE(i)
  return buffer
})
for (const [i, buffer] of whole.entries()) {
  equal(buffer.readUInt32LE(), i)
  ok(buffer.subarray(4).every((byte) => byte === (i & 0xff)))
}
whole.forEach(free)
deepEqual(stats().heap.liveBlocks, before.heap.liveBlocks)
console.log(JSON.stringify({ contests, contained: after.heap.contained, ...done }))
