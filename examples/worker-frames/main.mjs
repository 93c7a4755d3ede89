// A pool of workers that passes frames: this thread allocates and fills a frame and sends it without a copy, a worker
// changes it in place, and the thread that has it last frees it. `node main.mjs [frames]`
import { Worker } from 'node:worker_threads'
import { alloc, asBuffer, free, stats } from 'superslab'

const FRAME_BYTES = 640 * 480 * 4
const WORKERS = 2

const count = Number(process.argv[2] ?? 100)
const idle = []
const waiting = []
let brightest = 0

function isIdle(worker) {
  const next = waiting.shift()
  if (next) next(worker)
  else idle.push(worker)
}

/** A worker without work, as soon as there is one. */
function idleWorker() {
  return idle.pop() ?? new Promise((resolve) => waiting.push(resolve))
}

function start() {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url))
  worker.on('message', (view) => {
    const frame = asBuffer(view) // the memory that was sent
    brightest = Math.max(brightest, frame[0])
    free(frame)
    isIdle(worker)
  })
  isIdle(worker)
}

for (let i = 0; i < WORKERS; i++) start()
for (let i = 0; i < count; i++) {
  const worker = await idleWorker()
  worker.postMessage(alloc(FRAME_BYTES).fill(i % 200))
}
const finished = await Promise.all(Array.from({ length: WORKERS }, idleWorker))
for (const worker of finished) worker.postMessage('end')

console.log(`frames: ${count}, brightest: ${brightest}, blocks left: ${stats().heap.liveBlocks}`)
