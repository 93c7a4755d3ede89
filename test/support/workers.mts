import { Worker } from 'node:worker_threads'

/** Starts a module of test/workers. Its errors are its own: what matters here is how it ends. */
export function start(name: string, workerData: unknown = {}): Worker {
  const worker = new Worker(new URL(`../workers/${name}.mjs`, import.meta.url), { workerData })
  return worker.on('error', () => {})
}

/** The first message. */
export function message<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('exit', () => reject(new Error('the worker ended without a message')))
  })
}

export function ended(worker: Worker): Promise<number> {
  return new Promise((resolve) => {
    worker.once('exit', resolve)
  })
}
