import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Command } from '../workers/heap.mjs'

/** A thread of test/workers/heap.mts. */
export class HeapWorker {
  readonly worker: Worker
  readonly ended: Promise<void>

  constructor(root?: string) {
    this.worker = new Worker(new URL('../workers/heap.mjs', import.meta.url), {
      workerData: { root },
    })
    this.worker.on('error', () => {})
    this.ended = new Promise((resolve) => this.worker.once('exit', () => resolve()))
  }

  async ask<Answer>(command: Command): Promise<Answer> {
    this.worker.postMessage(command)
    const [answer] = await once(this.worker, 'message')
    return answer as Answer
  }

  async end(how: 'exit' | 'throw' | 'terminate' | 'wait' = 'exit'): Promise<void> {
    if (how === 'exit' || how === 'throw') this.worker.postMessage({ do: how })
    if (how === 'wait') {
      this.worker.postMessage({ do: how })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    if (how === 'terminate' || how === 'wait') await this.worker.terminate()
    await this.ended
  }
}
