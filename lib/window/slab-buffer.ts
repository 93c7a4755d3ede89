import { misuseOf, type SuperslabError } from '../errors'
import type { Blocks } from './blocks'
import { fill, set } from './bytes'
import { describeView } from './describe'
import { Step } from './layout'

/** The step of a Buffer that was freed: less than `~` of any step, which is what a resting Buffer has. */
const freed = -0x40000000

/** The offset of the block that starts at a step. */
export function offsetOf(step: number): number {
  return (step << Step.shift) >>> 0
}

/**
 * A Buffer over one block. A private field, which no other code can set, has where the block starts: an object with
 * the field was made here, and its second free is noticed even if the block has another owner by then.
 *
 * The field counts steps, not bytes, because a step is a small integer to the engine wherever in 4 GiB it lies. It is
 * negative while the Buffer rests in a pool (`~step`) and after it was freed.
 */
export class SlabBuffer extends Uint8Array<SharedArrayBuffer> {
  #step: number

  constructor(memory: SharedArrayBuffer, block: number, length: number) {
    super(memory, block, length)
    this.#step = block >>> Step.shift
  }

  static has(value: unknown): value is SlabBuffer {
    return typeof value === 'object' && value !== null && #step in value
  }

  /** Where the block starts, in steps; negative if the Buffer is not live. */
  static step(buffer: SlabBuffer): number {
    return buffer.#step
  }

  static setStep(buffer: SlabBuffer, step: number): void {
    buffer.#step = step
  }

  // In the next three the store comes last and nothing is called after it: at the end of the stack a call throws, and
  // the field would say freed of a live block.

  static free(buffer: SlabBuffer, blocks: Blocks): void {
    const step = buffer.#step
    if (step < 0) throw doubleFree(buffer)
    blocks.free(offsetOf(step))
    buffer.#step = freed
  }

  static freeResting(buffer: SlabBuffer, blocks: Blocks): void {
    blocks.free(offsetOf(~buffer.#step))
    buffer.#step = freed
  }

  /** Another Buffer over the same block. This one counts as freed from then on. */
  static replace(buffer: SlabBuffer, memory: SharedArrayBuffer, length: number): SlabBuffer {
    const made = new SlabBuffer(memory, offsetOf(buffer.#step), length)
    buffer.#step = freed
    return made
  }
}

// As Node does with its own: a Buffer in all but the constructor that made it.
Object.setPrototypeOf(SlabBuffer.prototype, Buffer.prototype)
Object.defineProperties(SlabBuffer.prototype, {
  constructor: { value: Buffer },
  fill: { value: fill, writable: true, configurable: true },
  set: { value: set, writable: true, configurable: true },
})

export function doubleFree(buffer: SlabBuffer): SuperslabError {
  const step = SlabBuffer.step(buffer)
  const isResting = step > freed && step < 0
  const what = isResting ? `${describeView(buffer)} rests in a pool` : describeView(buffer)
  return misuseOf(what, 'ERR_SUPERSLAB_DOUBLE_FREE')
}
