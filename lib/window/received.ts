import { isUint8Array } from 'node:util/types'
import { addon } from '../addon'
import { argumentType, codeOf, misuseOf } from '../errors'
import type { Blocks } from './blocks'
import { describeView } from './describe'
import { doubleFree, offsetOf, SlabBuffer } from './slab-buffer'
import type { Window } from './window'

/*
 * Views that another thread sent. Structured cloning made them, so they have no private field: the core finds their
 * blocks by address.
 */

/** The result of `received` and `blockOf` for a block in another window. */
export const elsewhere = -1

export interface Received {
  /** The offset of the live block that a received view covers whole, or `elsewhere`. Throws for any other view. */
  received(view: Uint8Array): number
  /** The same for a Buffer that was made here or a received view. */
  blockOf(buffer: Uint8Array): number
  free(view: Uint8Array): void
  /** Whether the view's block may be live: false if the core says that it was freed. */
  mayBeLive(view: Uint8Array): boolean
}

export function createReceived(window: Window, blocks: Blocks): Received {
  const { holder, classes } = window

  function received(view: Uint8Array): number {
    if (!isUint8Array(view)) throw argumentType('buffer', 'a Uint8Array')
    if (window.isOwn(view)) throw misuseOf(describeView(view), 'ERR_SUPERSLAB_NOT_A_BLOCK')
    const result = addon.viewCheck(view)
    if (result !== 0) throw misuseOf(describeView(view), codeOf(-result))
    // 0: the block is live, but two frees in one instant have made the core forget its length.
    const usable = addon.viewUsableSize(view)
    if (usable !== 0 && classes.usableBytes(view.byteLength) !== usable)
      throw misuseOf(describeView(view), 'ERR_SUPERSLAB_NOT_A_BLOCK')
    window.sync()
    return holder.offset(view)
  }

  function blockOf(buffer: Uint8Array): number {
    if (!SlabBuffer.has(buffer)) return received(buffer)
    const step = SlabBuffer.step(buffer)
    if (step < 0) throw doubleFree(buffer)
    return offsetOf(step)
  }

  function free(view: Uint8Array): void {
    const block = received(view)
    if (block !== elsewhere) {
      blocks.free(block)
      return
    }
    const result = addon.viewFree(view)
    if (result !== 0) throw misuseOf(describeView(view), codeOf(-result))
  }

  function mayBeLive(view: Uint8Array): boolean {
    return codeOf(-addon.viewCheck(view)) !== 'ERR_SUPERSLAB_DOUBLE_FREE'
  }

  return { received, blockOf, free, mayBeLive }
}
