// Frees blocks of another thread and posts the results.
import { parentPort, workerData } from 'node:worker_threads'
import { native, type SuperslabError } from 'superslab'

const { blocks } = workerData as { blocks: number[] }

const results = blocks.map((address) => {
  try {
    native.free(address)
    return 'freed'
  } catch (error) {
    return (error as SuperslabError).code
  }
})
parentPort?.postMessage(results)
