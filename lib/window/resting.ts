import { misuseOf } from '../errors'
import type { Blocks } from './blocks'
import { describeView } from './describe'
import { Mark } from './layout'
import { doubleFree, offsetOf, SlabBuffer } from './slab-buffer'
import type { Watching } from './watching'
import type { Window } from './window'

/* Buffers that rest in a pool: their blocks stay taken, and to every other function they count as freed. */

/** A constant of this module: an import's member is loaded and compared in each call, and costs alloc and free 5 %. */
const Slab = SlabBuffer

export interface Resting {
  /** Whether a live Buffer of `size` bytes may rest: a pinned one may not. Throws for what no pool takes. */
  mayRest(buffer: Uint8Array, size: number): boolean
  /** Has a live Buffer rest. False, and nothing done, if it may not. */
  rest(buffer: Uint8Array, size: number): boolean
  /** Makes a resting Buffer live again. */
  wake(buffer: Buffer): void
  freeResting(buffer: Buffer): void
}

export function createResting(window: Window, blocks: Blocks, watching: Watching): Resting {
  const { table } = window

  function mayRest(buffer: Uint8Array, size: number): boolean {
    if (!Slab.has(buffer)) throw misuseOf(describeView(buffer), 'ERR_SUPERSLAB_NOT_A_BLOCK')
    const step = Slab.step(buffer)
    const mark = step < 0 ? Mark.none : table[step]
    if (mark === Mark.none) throw doubleFree(buffer)
    if (buffer.length !== size) throw misuseOf(describeView(buffer), 'ERR_SUPERSLAB_SIZE_MISMATCH')
    return mark !== Mark.pinned
  }

  // The step is set last in these two: at the end of the stack a call throws, and then nothing has changed.

  function rest(buffer: Uint8Array, size: number): boolean {
    if (!mayRest(buffer, size)) return false
    const step = Slab.step(buffer as SlabBuffer)
    if (watching.watch !== undefined) watching.watch.rest(offsetOf(step))
    Slab.setStep(buffer as SlabBuffer, ~step)
    return true
  }

  function wake(buffer: Buffer): void {
    const resting = buffer as unknown as SlabBuffer
    const step = ~Slab.step(resting)
    if (watching.watch !== undefined) watching.watch.wake(offsetOf(step), wake)
    Slab.setStep(resting, step)
  }

  function freeResting(buffer: Buffer): void {
    if (window.orphan >= 0) blocks.freeOrphan()
    Slab.freeResting(buffer as unknown as SlabBuffer, blocks)
  }

  return { mayRest, rest, wake, freeResting }
}
