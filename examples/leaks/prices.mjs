// A leak of the third kind: a cache in a worker without a bound. Every question differs in a time stamp, so no entry is
// ever used again. The program does not end by itself: `npx superslab run --profile=prices.html --profile-exact -- node prices.mjs [questions]`
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

const worker = new Worker(new URL('./prices-worker.mjs', import.meta.url))
const count = Number(process.argv[2] ?? 1000)
for (let i = 0; i < count; i++) {
  worker.postMessage({ product: i % 20, time: 1_700_000_000 + i })
  await once(worker, 'message')
}
console.log(`questions: ${count}`)
// A service goes on. `kill -USR2` has the profile written while the worker is there: its memory ends with it.
