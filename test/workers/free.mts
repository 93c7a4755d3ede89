// Frees what another thread allocated and says what happened.
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
