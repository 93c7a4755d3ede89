import { argumentRange, argumentType, HeapFullError, misuse } from '../errors'
import { Magazine, Mark, mustGrow, Step } from './layout'
import type { Window } from './window'

/*
 * Blocks by offset. Most calls take one of the two hot paths below: a pop from or a push to this isolate's magazine of
 * a class, and a write of the block's byte in the table. Every other path makes one call into the core, for a batch.
 */

export interface Blocks {
  /** Calls for a record of blocks. Only blocks whose byte in the table is no class take the path that calls them. */
  readonly hooks: Hooks
  /** The offset of at least `size` bytes, 16-byte aligned, contents undefined. */
  malloc(size: number): number
  /** Frees a block, once, in any thread. */
  free(block: number): void
  /** The bytes a live block can hold; 0 if two frees of it in one instant have made the core forget that. */
  usableSize(block: number): number
  /** Frees the block that a failed call has left as `window.orphan`. */
  freeOrphan(): void
}

export interface Hooks {
  /** A block was freed that is large, pinned or tagged, or will be when its last pin is released. */
  ended: ((block: number) => void) | undefined
  /** The core was asked for blocks. */
  refilled: (() => void) | undefined
  /** The window is full: frees what it can. True if that was something. */
  reclaim: (() => boolean) | undefined
  /** For the error's message when the window stays full: what the program can do. */
  advice: (() => string) | undefined
}

/** Pop and push. Other calls go to the slow paths. */
function hotPaths(window: Window, slow: SlowPaths) {
  const { table, magazines, holder } = window
  const { ofSteps, largestBytes } = window.classes

  function malloc(size: number): number {
    if (typeof size !== 'number' || size >>> 0 !== size || size > largestBytes)
      return slow.mallocLarge(size)
    const bin = ofSteps[(size + Step.mask) >>> Step.shift] as number
    const magazine = bin * Magazine.words
    const count = magazines[magazine] as number
    if (count === 0) {
      slow.refill(size, bin)
      return malloc(size)
    }
    const block = magazines[magazine + count + Magazine.head - 1] as number
    const step = block >>> Step.shift
    magazines[magazine] = count - 1
    // Two threads freed the block at once, and the other one has handed it out again: it is that thread's.
    if (table[step] !== Mark.none) return malloc(size)
    table[step] = bin + 1
    return block
  }

  function free(block: number): void {
    if (typeof block !== 'number') throw argumentType('block', 'a number')
    const step = block >>> Step.shift
    const mark = table[step] as number
    // The mark must be a class, and the offset a multiple of a step below 2 ** 32. Beyond the table it is undefined.
    if (mark === Mark.none || !(mark <= Mark.lastClass) || (step << Step.shift) >>> 0 !== block) {
      slow.freeOther(block)
      return
    }
    const magazine = (mark - 1) * Magazine.words
    let count = magazines[magazine] as number
    if (count === magazines[magazine + Magazine.room]) {
      holder.flush(mark - 1)
      count = magazines[magazine] as number
    }
    table[step] = Mark.none
    magazines[magazine + count + Magazine.head] = block
    magazines[magazine] = count + 1
  }

  return { malloc, free }
}

interface SlowPaths {
  /** Fills an empty magazine. */
  refill(size: number, bin: number): void
  mallocLarge(size: number): number
  /** Frees large, pinned and watched blocks; throws for an offset where no live block starts. */
  freeOther(block: number): void
}

function slowPaths(window: Window, hooks: Hooks, freeOrphan: () => void): SlowPaths {
  const { holder } = window

  function refill(size: number, bin: number): void {
    if (window.orphan >= 0) freeOrphan()
    for (let reclaims = true; ; ) {
      const count = holder.refill(bin)
      if (count > 0) break
      if (count === mustGrow && window.grow(size)) continue
      if (!reclaims || !hooks.reclaim?.()) throw full(size)
      reclaims = false
    }
    window.sync()
    hooks.refilled?.()
  }

  function mallocLarge(size: number): number {
    if (typeof size !== 'number') throw argumentType('size', 'a number')
    if (!Number.isSafeInteger(size) || size < 0)
      throw argumentRange('size', 'an integer between 0 and 2 ** 53 - 1')
    if (window.orphan >= 0) freeOrphan()
    for (let reclaims = size <= window.limit; ; ) {
      const block = holder.take(size)
      if (block >= 0)
        try {
          window.sync()
          hooks.refilled?.()
          return block
        } catch (error) {
          window.orphan = block >>> Step.shift
          throw error
        }
      if (block === mustGrow && window.grow(size)) continue
      if (!reclaims || !hooks.reclaim?.()) throw full(size)
      reclaims = false
    }
  }

  function freeOther(block: number): void {
    const result = holder.give(block)
    if (result !== 0) throw misuse(-result, block)
    try {
      hooks.ended?.(block)
    } catch {
      // At the end of the stack: the record still has the block, and drops it when it next goes through its entries.
    }
  }

  function full(size: number): HeapFullError {
    return new HeapFullError(size, window.limit, holder.stats().liveBytes, hooks.advice?.())
  }

  return { refill, mallocLarge, freeOther }
}

function usableSizeOf({ holder }: Window, block: number): number {
  if (typeof block !== 'number') throw argumentType('block', 'a number')
  const bytes = holder.usableSize(block)
  if (bytes !== 0) return bytes
  const error = holder.check(block)
  if (error !== 0) throw misuse(-error, block)
  return bytes
}

export function createBlocks(window: Window): Blocks {
  const hooks: Hooks = {
    ...{ ended: undefined, refilled: undefined, reclaim: undefined, advice: undefined },
  }
  const { malloc, free } = hotPaths(window, slowPaths(window, hooks, freeOrphan))

  function freeOrphan(): void {
    if (window.table[window.orphan] !== Mark.none) free((window.orphan << Step.shift) >>> 0)
    window.orphan = -1
  }

  const usableSize = (block: number) => usableSizeOf(window, block)
  return { hooks, malloc, free, usableSize, freeOrphan }
}
