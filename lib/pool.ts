import { argumentRange, argumentType, checkOptions, several } from './errors'
import { buffers } from './window/instance'

const { alloc, free, freeResting, mayRest, rest, wake } = buffers // constants, so that calls of them are inlined

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
  /** The first `#count` of these; what lies behind them is not in the pool. */
  #below: (Buffer | undefined)[] = []
  #count = 0

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
    return this.#count + (this.#top === undefined ? 0 : 1)
  }

  // Nothing is called once a Buffer rests or is awake: at the end of the stack that would throw, and nobody would have it.

  /** A Buffer of the pool's size, contents undefined. */
  alloc(): Buffer {
    const top = this.#top
    if (top !== undefined) {
      wake(top)
      this.#top = undefined
      return top
    }
    const last = this.#count - 1
    if (last < 0) return alloc(this.size)
    const buffer = this.#below[last] as Buffer
    wake(buffer)
    this.#below[last] = undefined
    this.#count = last
    return buffer
  }

  /**
   * Takes back a Buffer of this size, whether this pool or `alloc` made it. One that is pinned does not come back to the
   * pool: it is freed, when its last pin is released.
   */
  free(buffer: Buffer): void {
    const top = this.#top
    const count = this.resting
    if (count >= this.max) {
      mayRest(buffer, this.size) // throws for what is not of this size
      free(buffer)
      return
    }
    if (top !== undefined) this.#below[count - 1] = top
    if (!rest(buffer, this.size)) {
      free(buffer)
      return
    }
    this.#top = buffer
    if (top !== undefined) this.#count = count
  }

  /** Frees what rests in the pool. The pool can be used again. */
  trim(): void {
    const errors: unknown[] = []
    for (;;) {
      const top = this.#top
      const buffer = top ?? this.#below[this.#count - 1]
      if (buffer === undefined) break
      try {
        freeResting(buffer)
      } catch (error) {
        if (!(error as { code?: unknown }).code) throw error // at the end of the stack: it rests as before
        errors.push(error)
      }
      if (top !== undefined) this.#top = undefined
      else this.#count--
    }
    this.#below = []
    if (errors.length > 1) throw several(`${errors.length} Buffers could not be freed`, errors)
    if (errors.length > 0) throw errors[0]
  }

  [Symbol.dispose](): void {
    this.trim()
  }
}
