import { cloneOf } from './memory'
import type { Window } from './window'

/** So many are made by one message. */
const batch = 32

/**
 * Objects over the memory of a window, each for one Buffer: a SharedArrayBuffer that is sent to oneself comes back as
 * another object over the same memory.
 */
export class Copies {
  #window: Window
  /** What the copies are of; the window's own changes when it grows. */
  #source: SharedArrayBuffer | undefined
  /** So many different objects: copies of one object in one message would be one. */
  #originals: SharedArrayBuffer[] = []
  #ready: SharedArrayBuffer[] = []

  constructor(window: Window) {
    this.#window = window
  }

  take(): SharedArrayBuffer {
    if (this.#source !== this.#window.buffer) this.#begin(this.#window.buffer)
    if (this.#ready.length === 0) this.#ready = this.#copy(this.#originals)
    return this.#ready.pop() as SharedArrayBuffer
  }

  #begin(source: SharedArrayBuffer): void {
    this.#originals = [source]
    this.#ready = []
    while (this.#originals.length < batch)
      this.#originals = this.#originals.concat(this.#copy(this.#originals))
    this.#source = source
  }

  #copy(originals: SharedArrayBuffer[]): SharedArrayBuffer[] {
    const copies = cloneOf(originals)
    for (const copy of copies) this.#window.adopt(copy)
    return copies
  }
}
