import { Worker } from 'node:worker_threads'

export interface Running<Message> {
  worker: Worker
  /** Its first message. */
  message: Promise<Message>
  ended: Promise<void>
}

/** Starts a module of test/workers. Its errors are ignored; its tests check its end. */
export function start<Message>(name: string, workerData: unknown): Running<Message> {
  const worker = new Worker(new URL(`../workers/${name}.mjs`, import.meta.url), { workerData })
  worker.on('error', () => {})
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve())
  })
  const message = new Promise<Message>((resolve, reject) => {
    worker.once('message', resolve)
    ended.then(() => reject(new Error(`${name} ended without a message`)))
  })
  return { worker, message, ended }
}
