import { Copies } from './copies'
import { pinnedKind, type Window } from './window'

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
  /** In a pool: neither live nor freed. */
  resting: boolean
}

/** What the table says of a live block whose length the core no longer knows. */
const unsized = 0x7f

type Caller = (...args: never[]) => unknown

/** Entries of blocks that other threads freed are looked for when there are twice as many as were live, and these. */
const spareEntries = 1024

export class Watch {
  options: WatchOptions = {}
  #window: Window
  #entries = new Map<number, Entry>()
  #live = 0
  #buffers: Copies
  /** Of one object that is collected with the next collection: its callback is a turn in which to free what died. */
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
   * What a Buffer that is born now is to be a view of. Under `collect` that is an object of its own over the memory of
   * all: whatever is made from the Buffer, a subarray, a chunk of a stream, a view of its `buffer`, refers to it.
   */
  memory(): SharedArrayBuffer {
    return this.options.collect ? this.#buffers.take() : this.#window.buffer
  }

  born(buffer: Uint8Array, block: number, size: number, caller: Caller): void {
    const { table, native } = this.#window
    const entry: Entry = { size, born: 0, holder: undefined, resting: false }
    this.#begin(entry, caller)
    this.#entries.set(block, entry)
    // Another thread may have freed what was there: a block that is not held must not end with the Buffer of that one.
    if (this.#isHolding && !this.options.collect) native.drop(block)
    const kind = table[block >>> 4] as number
    // Never over the core's word that it no longer knows the block's length, which may come meanwhile.
    if (kind !== unsized) Atomics.compareExchange(table, block >>> 4, kind, native.tag)
    if (this.options.collect) {
      this.#isHolding = true
      if (!this.#isArmed) this.#arm()
      if (native.hold(buffer.buffer, block, size)) this.#sweep()
    }
    if (this.#entries.size > 2 * this.#live + spareEntries) this.#prune()
  }

  /** This isolate freed the block, or will have when its last pin is released. */
  ended(block: number): void {
    if (this.#entries.delete(block)) this.#window.native.drop(block)
  }

  /** A pin of the block was released: it may be what kept it when its Buffer was collected. */
  released(block: number): void {
    if (this.#window.native.settle(block)) this.#entries.delete(block)
  }

  /** It lies in a pool from here on. */
  rest(block: number): void {
    const entry = this.#entries.get(block)
    if (entry !== undefined) entry.resting = true
  }

  /** The pool hands it out: to its new owner it is a new Buffer. */
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

  /** The window is full: collects, and frees what died. False if that was nothing. */
  reclaim(): boolean {
    if (!this.options.collect) return false
    if (this.#collect === null) this.#collect = collector()
    this.#collect?.()
    return this.#sweep()
  }

  /** What would help when the window is full all the same. */
  get advice(): string {
    if (!this.options.collect || this.#collect !== undefined) return ''
    return '. What is dead could not be looked for: run node with --expose-gc, or free Buffers'
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
    const ended = this.#window.native.sweep()
    for (const block of ended) this.#entries.delete(block)
    return ended.length > 0
  }

  /**
   * Forgets what other threads freed. Of a live block the table has this isolate's tag, or says that it is pinned or of a
   * length that is not known. One that was freed while it is pinned cannot be pinned once more.
   */
  #prune(): void {
    const { table, native } = this.#window
    for (const block of this.#entries.keys()) {
      const kind = table[block >>> 4]
      const pinned = kind === pinnedKind ? native.pin(block) : undefined
      if (pinned === 0) native.unpin(block)
      const isFreed = pinned === undefined ? kind !== native.tag && kind !== unsized : pinned < 0
      if (isFreed) this.ended(block)
    }
    this.#live = this.#entries.size
  }
}

/** How the engine is made to collect at once, if there is a way. */
function collector(): (() => void) | undefined {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } }
  if (Bun !== undefined) return () => Bun.gc(true)
  if (typeof gc === 'function') return gc
  try {
    const { setFlagsFromString } = require('node:v8') as typeof import('node:v8')
    const { runInNewContext } = require('node:vm') as typeof import('node:vm')
    // Contexts that are made while the flag is set have the function, this one alone.
    setFlagsFromString('--expose-gc')
    const found = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
    return found
  } catch {
    return undefined
  }
}
