import { argumentRange, argumentType, checkOptions } from './errors'
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
  /** What was freed last, apart from those below it: most pools take and give in turn, and a field costs half a stack. */
  #top: Buffer | undefined
  #below: Buffer[] = []

  constructor(size: number, options: PoolOptions = {}) {
    checkOptions('options', options, ['max'])
    const { max = 1024 } = options
    if (typeof size !== 'number') throw argumentType('size', 'a number')
    if (typeof max !== 'number') throw argumentType('max', 'a number')
    if (!Number.isSafeInteger(size) || size < 0)
      throw argumentRange('size', 'an integer between 0 and 2 ** 53 - 1')
    if (!(max >= 0)) throw argumentRange('max', 'a number that is not negative')
    this.size = size
    this.max = max
  }

  /** Buffers that rest in the pool. */
  get resting(): number {
    return this.#below.length + (this.#top === undefined ? 0 : 1)
  }

  /** A Buffer of the pool's size, contents undefined. */
  alloc(): Buffer {
    const buffer = this.#top ?? this.#below.pop()
    if (buffer === undefined) return alloc(this.size)
    this.#top = undefined
    wake(buffer)
    return buffer
  }

  /**
   * Takes back a Buffer of this size, whether this pool or `alloc` made it. One that is pinned does not come back to the
   * pool: it is freed, when its last pin is released.
   */
  free(buffer: Buffer): void {
    if (!rest(buffer, this.size)) {
      free(buffer)
      return
    }
    const top = this.#top
    if (top !== undefined && this.#below.length + 1 < this.max) this.#below.push(top)
    else if (top !== undefined || this.max === 0) {
      wake(buffer)
      free(buffer)
      return
    }
    this.#top = buffer
  }

  /** Frees what rests in the pool. The pool can be used again. */
  trim(): void {
    const ending = this.#below
    if (this.#top !== undefined) ending.push(this.#top)
    this.#top = undefined
    this.#below = []
    ending.forEach(wake)
    freeAll(ending)
  }

  [Symbol.dispose](): void {
    this.trim()
  }
}
