import { cloneOf } from './memory'
import type { Window } from './window'

/** Number of copies that one message makes. */
const batch = 32

/**
 * SharedArrayBuffers over the memory of a window, each for one Buffer: sent in a message to the same isolate, a
 * SharedArrayBuffer arrives as another object over the same memory.
 */
export class Copies {
  #window: Window
  /** The copies' original; the window has another one when it has grown. */
  #source: SharedArrayBuffer | undefined
  /** `batch` different objects: one message copies an object only once. */
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
