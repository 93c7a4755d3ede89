import { argumentRange } from './errors'
import { buffers } from './heap/instance'

const { alloc, free, freeAll, rest, wake } = buffers // constants, so that calls of them are inlined

export interface PoolOptions {
  /** How many Buffers may rest in the pool; what is freed beyond that is freed. */
  max?: number
}

/**
 * Buffers of one size that are recycled as objects: the fastest way there is. A Buffer that was freed and is handed out
 * again is the same object, so a reference that was kept too long refers to the new owner's Buffer.
 */
export class Pool implements Disposable {
  readonly size: number
  readonly max: number
  #resting: Buffer[] = []

  constructor(size: number, { max = 1024 }: PoolOptions = {}) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw argumentRange('size', 'an integer between 0 and 2 ** 53 - 1')
    if (!(max >= 0)) throw argumentRange('max', 'a number that is not negative')
    this.size = size
    this.max = max
  }

  /** Buffers that rest in the pool. */
  get resting(): number {
    return this.#resting.length
  }

  /** A Buffer of the pool's size, contents undefined. */
  alloc(): Buffer {
    const buffer = this.#resting.pop()
    if (buffer === undefined) return alloc(this.size)
    wake(buffer)
    return buffer
  }

  /** Takes back a Buffer of this size, whether this pool or `alloc` made it. */
  free(buffer: Buffer): void {
    rest(buffer, this.size)
    if (this.#resting.length < this.max) {
      this.#resting.push(buffer)
    } else {
      wake(buffer)
      free(buffer)
    }
  }

  /** Frees what rests in the pool. The pool can be used again. */
  trim(): void {
    const ending = this.#resting
    this.#resting = []
    ending.forEach(wake)
    freeAll(ending)
  }

  [Symbol.dispose](): void {
    this.trim()
  }
}
