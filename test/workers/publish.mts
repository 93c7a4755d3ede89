import { parentPort, workerData } from 'node:worker_threads'
import { native, trim } from 'superslab'

/** Holds a large block and none in turn, and publishes each time. */
const { stop } = workerData as { stop: Int32Array }
parentPort?.postMessage('running')
while (Atomics.load(stop, 0) === 0) {
  const block = native.malloc(3 * 2 ** 20)
  trim()
  native.free(block)
  trim()
}
