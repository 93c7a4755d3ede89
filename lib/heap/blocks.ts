import { argumentRange, argumentType, HeapFullError, misuse } from '../errors'
import { magazineWords, smallBytes, type Window } from './window'

/*
 * Blocks by offset. The two hot paths below are all there is for most calls: a pop from or a push to this isolate's
 * magazine of a class, and the block's byte in the table. Everything else is one call into the core a batch.
 */

export interface Blocks {
  /** Calls of whoever keeps a record of blocks: all but the class in the table takes another path than the hot one. */
  readonly hooks: Hooks
  /** The offset of at least `size` bytes, 16-byte aligned, contents undefined. */
  malloc(size: number): number
  /** Frees a block, once, in any thread. */
  free(block: number): void
  /** The bytes a live block can hold; 0 if that is not known, as may come of two frees in one instant. */
  usableSize(block: number): number
  /** Frees what a call that failed has left as `window.orphan`. */
  freeOrphan(): void
}

export interface Hooks {
  /** A block was freed that is large, pinned or tagged, or will be when its last pin is released. */
  ended: ((block: number) => void) | undefined
  /** The window is full. True if some of it is free again. */
  reclaim: (() => boolean) | undefined
  /** What would help where it stays full. */
  advice: (() => string) | undefined
}

const firstSlot = 2 // of a magazine; its count and its room come first
const mustGrow = -1

export function createBlocks(window: Window): Blocks {
  const { table, magazines, classes, native } = window
  const hooks: Hooks = { ended: undefined, reclaim: undefined, advice: undefined }

  function malloc(size: number): number {
    if (typeof size !== 'number' || size >>> 0 !== size || size > smallBytes)
      return mallocLarge(size)
    const bin = classes[(size + 15) >>> 4] as number
    const magazine = bin * magazineWords
    const count = magazines[magazine] as number
    if (count === 0) return mallocRefill(size, bin)
    const block = magazines[magazine + count + firstSlot - 1] as number
    const step = block >>> 4
    magazines[magazine] = count - 1
    // Freed by two threads at once, and the other one has handed it out again: it is that thread's.
    if (table[step] !== 0) return malloc(size)
    table[step] = bin + 1
    return block
  }

  function free(block: number): void {
    if (typeof block !== 'number') throw argumentType('block', 'a number')
    const step = block >>> 4
    const kind = table[step] as number
    // 1 to 80 is a class; the offset must be a multiple of 16 below 2 ** 32.
    if (kind === 0 || !(kind <= 80) || (step << 4) >>> 0 !== block) {
      freeOther(block)
      return
    }
    const magazine = (kind - 1) * magazineWords
    let count = magazines[magazine] as number
    if (count === magazines[magazine + 1]) {
      native.flush(kind - 1)
      count = magazines[magazine] as number
    }
    table[step] = 0
    magazines[magazine + count + firstSlot] = block
    magazines[magazine] = count + 1
  }

  function mallocRefill(size: number, bin: number): number {
    if (window.orphan >= 0) freeOrphan()
    for (let reclaims = true; ; ) {
      const count = native.refill(bin)
      if (count > 0) break
      if (count === mustGrow && window.grow(size)) continue
      if (!reclaims || !hooks.reclaim?.()) throw full(size)
      reclaims = false
    }
    window.sync()
    return malloc(size)
  }

  function mallocLarge(size: number): number {
    if (typeof size !== 'number') throw argumentType('size', 'a number')
    if (!Number.isSafeInteger(size) || size < 0)
      throw argumentRange('size', 'an integer between 0 and 2 ** 53 - 1')
    if (window.orphan >= 0) freeOrphan()
    for (let reclaims = size <= window.limit; ; ) {
      const block = native.take(size)
      if (block >= 0)
        try {
          window.sync()
          return block
        } catch (error) {
          window.orphan = block >>> 4
          throw error
        }
      if (block === mustGrow && window.grow(size)) continue
      if (!reclaims || !hooks.reclaim?.()) throw full(size)
      reclaims = false
    }
  }

  /** Large, pinned and tracked blocks, and whatever is none. */
  function freeOther(block: number): void {
    const result = native.give(block)
    if (result !== 0) throw misuse(-result, block)
    try {
      hooks.ended?.(block)
    } catch {
      // At the end of the stack: what it did not forget is found to be freed when the entries are looked through.
    }
  }

  function usableSize(block: number): number {
    if (typeof block !== 'number') throw argumentType('block', 'a number')
    const bytes = native.usableSize(block)
    if (bytes !== 0) return bytes
    const look = native.look(block)
    if (look !== 0) throw misuse(-look, block)
    return bytes
  }

  function freeOrphan(): void {
    if (table[window.orphan] !== 0) free((window.orphan << 4) >>> 0)
    window.orphan = -1
  }

  function full(size: number): HeapFullError {
    return new HeapFullError(size, window.limit, native.stats().liveBytes, hooks.advice?.())
  }

  return { hooks, malloc, free, usableSize, freeOrphan }
}
