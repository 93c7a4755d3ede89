import { parentPort, workerData } from 'node:worker_threads'
import { native, trim } from 'superslab'

/** Holds now one large block and now none, and publishes each. */
const { stop } = workerData as { stop: Int32Array }
parentPort?.postMessage('running')
while (Atomics.load(stop, 0) === 0) {
  const block = native.malloc(3 * 2 ** 20)
  trim()
  native.free(block)
  trim()
}
