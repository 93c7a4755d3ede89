import { addon } from '../addon'
import { Mark, Step } from './layout'
import type { Births } from './watching'
import type { Window } from './window'

/*
 * Buffers in a profile of the process's memory. The native side draws the bytes until the next sample and walks the
 * stack; this isolate counts the bytes it hands out. A sampled block has this isolate's tag in the table instead of its
 * class, as a watched one, so that only its own free leaves the hot path.
 */

export class Sampling implements Births {
  /** Another record of new Buffers. */
  next: Births | undefined = undefined
  #window: Window
  /** Bytes until the next sample; Infinity while no profile runs. */
  #distance = Number.POSITIVE_INFINITY
  #sampled = new Set<number>()

  constructor(window: Window) {
    this.#window = window
  }

  /** Draws the distance to the next sample. False if no profile runs. */
  begin(): boolean {
    this.#distance = addon.profileDistance()
    return this.#distance !== Number.POSITIVE_INFINITY
  }

  memory(): SharedArrayBuffer {
    return this.next?.memory() ?? this.#window.buffer
  }

  born(buffer: Uint8Array, block: number, size: number, caller: (...args: never[]) => unknown) {
    this.next?.born(buffer, block, size, caller)
    const stride = this.#window.classes.usableBytes(size) ?? size
    this.#distance -= stride
    if (this.#distance >= 0) return
    const { table, holder } = this.#window
    const mark = table[block >>> Step.shift] as number
    // The core may mark the block unsized meanwhile; then it is not sampled.
    if (mark === Mark.unsized) return
    if (Atomics.compareExchange(table, block >>> Step.shift, mark, holder.tag) !== mark) return
    addon.profileSampled(holder.base + block, size, stride)
    this.#sampled.add(block)
    this.begin()
  }

  /** This isolate is about to use the block's place again. One that another thread freed is found by the native side. */
  ended(block: number): void {
    if (this.#sampled.delete(block)) addon.profileFreed(this.#window.holder.base + block)
  }
}
