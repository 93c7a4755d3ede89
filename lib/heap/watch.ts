import type { Window } from './window'

/*
 * Buffers under watch: where each was allocated, and whether it was forgotten. A watched block has this isolate's tag in
 * the table instead of its class, so that no free, in whatever thread, takes the hot path, and so that a block which
 * another thread freed and somebody else has now is not taken for this isolate's own.
 */

export interface WatchOptions {
  /** Remember where each Buffer was allocated. Costs a stack trace for each: five or more microseconds. */
  track?: boolean
  /** Say at exit what was not freed. */
  warn?: boolean
  /**
   * Free a Buffer that was garbage collected without `free`. Costs one or two microseconds for each Buffer and a longer
   * collection. Another thread must not use a Buffer that this one let go of.
   */
  collect?: boolean
}

export interface Leak {
  size: number
  /** Milliseconds since it was allocated. */
  age: number
  /** Where, innermost call first; empty unless `track` was set by then. */
  stack: string
}

interface Entry {
  block: number
  size: number
  born: number
  holder: { stack?: string } | undefined
}

/** What the table says of a live block whose length the core no longer knows. */
const unsized = 0x7f

export class Watch {
  options: WatchOptions = {}
  #window: Window
  #free: (block: number) => void
  #entries = new Map<number, Entry>()
  #registry: FinalizationRegistry<Entry>

  constructor(window: Window, free: (block: number) => void) {
    this.#window = window
    this.#free = free
    this.#registry = new FinalizationRegistry((entry) => {
      if (this.#entries.get(entry.block) !== entry || !this.#isLive(entry)) return
      this.#entries.delete(entry.block)
      this.#free(entry.block)
    })
  }

  born(buffer: object, block: number, size: number, caller: (...args: never[]) => unknown): void {
    const entry: Entry = { block, size, born: performance.now(), holder: undefined }
    if (this.options.track) {
      entry.holder = {}
      Error.captureStackTrace(entry.holder, caller)
    }
    this.#entries.set(block, entry)
    const { table, native } = this.#window
    const kind = table[block >>> 4] as number
    // Never over the core's word that it no longer knows the block's length, which may come meanwhile.
    if (kind !== unsized) Atomics.compareExchange(table, block >>> 4, kind, native.tag)
    if (this.options.collect) this.#registry.register(buffer, entry)
  }

  leaks(): Leak[] {
    const now = performance.now()
    const found: Leak[] = []
    for (const entry of this.#entries.values())
      if (this.#isLive(entry))
        found.push({
          size: entry.size,
          age: now - entry.born,
          stack: (entry.holder?.stack ?? '').split('\n').slice(1).join('\n'),
        })
      else this.#entries.delete(entry.block)
    return found
  }

  /** The table has this isolate's tag, or says that the block is pinned or of a length that is not known. */
  #isLive({ block }: Entry): boolean {
    const kind = this.#window.table[block >>> 4]
    return kind === this.#window.native.tag || kind === 0xff || kind === unsized
  }
}
