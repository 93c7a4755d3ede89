import { argumentRange, argumentType, checkOptions, several } from './errors'
import { buffers } from './window/instance'

const { alloc, free, freeResting, mayRest, rest, wake } = buffers // constants, so that calls of them are inlined

export interface PoolOptions {
  /** Number of Buffers that may rest in the pool. When it is full, `free` frees its Buffer for good. */
  max?: number
}

/**
 * Recycles Buffers of one size as objects, which is faster than any other way. A Buffer that was freed and is handed out
 * again is the same object, so a reference that was kept too long refers to the new owner's Buffer.
 */
export class Pool implements Disposable {
  readonly size: number
  readonly max: number
  /** The Buffer that was freed last. A field costs half as much as the array, and most pools take and give in turn. */
  #top: Buffer | undefined
  /** The other Buffers of the pool are the first `#count` of these. */
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

  // Nothing is called once a Buffer rests or is awake: at the end of the stack the call would throw, and the Buffer be lost.

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
   * Takes back a Buffer of this size, whether this pool or `alloc` made it. A pinned one is not taken: it is freed when
   * its last pin is released.
   */
  free(buffer: Buffer): void {
    const top = this.#top
    const count = this.resting
    if (count >= this.max) {
      mayRest(buffer, this.size) // throws for a Buffer of another size
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

  /** Frees the Buffers that rest in the pool. The pool can be used again. */
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
