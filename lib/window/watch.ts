import { Copies } from './copies'
import { Mark, Step } from './layout'
import type { Window } from './window'

/*
 * Buffers under watch: where each was allocated, and whether it was collected without a free. A watched block has this
 * isolate's tag in the table instead of its class. So no free of it, in any thread, takes the hot path, and a block that
 * another thread freed and allocated again is not taken for this isolate's.
 */

export interface WatchOptions {
  /** Remember where each Buffer was allocated. Costs a stack trace for each: five or more microseconds. */
  track?: boolean
  /** Say at exit what was not freed. */
  warn?: boolean
  /**
   * Free a Buffer that was garbage collected without `free`, with all that was made from it. Costs about five microseconds
   * for each Buffer and a longer collection. Another thread must not use a Buffer that this one let go of.
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
  size: number
  born: number
  holder: { stack?: string } | undefined
  /** It rests in a pool: neither live nor freed. */
  resting: boolean
}

type Caller = (...args: never[]) => unknown

/** Entries of blocks that other threads freed are dropped when there are twice as many entries as were live, and these. */
const spareEntries = 1024

export class Watch {
  options: WatchOptions = {}
  #window: Window
  #entries = new Map<number, Entry>()
  #live = 0
  #buffers: Copies
  /** Has one object that the next collection takes: its callback is a turn in which to free what was collected. */
  #registry: FinalizationRegistry<undefined>
  #isArmed = false
  #isHolding = false
  #collect: (() => void) | undefined | null = null

  constructor(window: Window) {
    this.#window = window
    this.#buffers = new Copies(window)
    this.#registry = new FinalizationRegistry(() => {
      this.#isArmed = false
      this.#sweep()
      if (this.#entries.size > 0) this.#arm()
    })
  }

  /**
   * The memory for the next Buffer to be a view of. Under `collect` each Buffer gets a SharedArrayBuffer of its own over
   * the window's memory: every object made from the Buffer (a subarray, a chunk of a stream, a view of its `buffer`)
   * refers to it.
   */
  memory(): SharedArrayBuffer {
    return this.options.collect ? this.#buffers.take() : this.#window.buffer
  }

  born(buffer: Uint8Array, block: number, size: number, caller: Caller): void {
    const { table, holder } = this.#window
    const entry: Entry = { size, born: 0, holder: undefined, resting: false }
    this.#begin(entry, caller)
    this.#entries.set(block, entry)
    // Another thread may have freed the block that was held here: the new one must not end with the Buffer of the old one.
    if (this.#isHolding && !this.options.collect) holder.drop(block)
    const mark = table[block >>> Step.shift] as number
    // The core may mark the block unsized meanwhile.
    const watched = mark === Mark.unsized ? holder.ceded : holder.tag
    if (Atomics.compareExchange(table, block >>> Step.shift, mark, watched) === Mark.unsized)
      Atomics.compareExchange(table, block >>> Step.shift, Mark.unsized, holder.ceded)
    if (this.options.collect) {
      this.#isHolding = true
      if (!this.#isArmed) this.#arm()
      if (holder.hold(buffer.buffer, block, size)) this.#sweep()
    }
    if (this.#entries.size > 2 * this.#live + spareEntries) this.#prune()
  }

  /** This isolate has freed the block, or its last pin's release will. */
  ended(block: number): void {
    if (this.#entries.delete(block)) this.#window.holder.drop(block)
  }

  /** A pin of the block was released: the pin may have kept the block when its Buffer was collected. */
  released(block: number): void {
    if (this.#window.holder.settle(block)) this.#entries.delete(block)
  }

  /** The block's Buffer rests in a pool from then on. */
  rest(block: number): void {
    const entry = this.#entries.get(block)
    if (entry !== undefined) entry.resting = true
  }

  /** A pool hands the block's Buffer out: to its new owner it is a new one. */
  wake(block: number, caller: Caller): void {
    const entry = this.#entries.get(block)
    if (entry === undefined) return
    entry.resting = false
    this.#begin(entry, caller)
  }

  leaks(): Leak[] {
    this.#prune()
    const now = performance.now()
    return Array.from(this.#entries.values())
      .filter(({ resting }) => !resting)
      .map(({ size, born, holder }) => ({
        size,
        age: now - born,
        stack: (holder?.stack ?? '').split('\n').slice(1).join('\n'),
      }))
  }

  /** The window is full: collects, and frees blocks whose Buffers were collected. False if there were none. */
  reclaim(): boolean {
    if (!this.options.collect) return false
    if (this.#collect === null) this.#collect = collector()
    this.#collect?.()
    return this.#sweep()
  }

  /** For the error's message when the window stays full. */
  get advice(): string {
    if (!this.options.collect || this.#collect !== undefined) return ''
    return '. Unused Buffers could not be collected: run node with --expose-gc, or free Buffers'
  }

  #begin(entry: Entry, caller: Caller): void {
    entry.born = performance.now()
    entry.holder = undefined
    if (!this.options.track) return
    entry.holder = {}
    Error.captureStackTrace(entry.holder, caller)
  }

  #arm(): void {
    this.#isArmed = true
    this.#registry.register({}, undefined)
  }

  #sweep(): boolean {
    const ended = this.#window.holder.sweep()
    for (const block of ended) this.#entries.delete(block)
    return ended.length > 0
  }

  /**
   * Drops entries of blocks that other threads freed. A live block has this isolate's tag in the table, or is marked
   * pinned or unsized. A pinned block that was freed cannot be pinned once more.
   */
  #prune(): void {
    const { table, holder } = this.#window
    for (const block of this.#entries.keys()) {
      const mark = table[block >>> Step.shift]
      const pinned = mark === Mark.pinned ? holder.pin(block) : undefined
      if (pinned === 0) holder.unpin(block)
      const isFreed =
        pinned === undefined
          ? mark !== holder.tag && mark !== holder.ceded && mark !== Mark.unsized
          : pinned < 0
      if (isFreed) this.ended(block)
    }
    this.#live = this.#entries.size
  }
}

/** A function that makes the engine collect at once; undefined where there is none. */
function collector(): (() => void) | undefined {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } }
  if (Bun !== undefined) return () => Bun.gc(true)
  if (typeof gc === 'function') return gc
  try {
    const { setFlagsFromString } = require('node:v8') as typeof import('node:v8')
    const { runInNewContext } = require('node:vm') as typeof import('node:vm')
    // Only contexts that are made while the flag is set have the function.
    setFlagsFromString('--expose-gc')
    const found = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
    return found
  } catch {
    return undefined
  }
}
