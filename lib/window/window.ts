import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import { addon, type Holder, isForeign } from '../addon'
import { outOfMemory } from '../errors'
import { Classes } from './classes'
import { checkLayout, Magazine, Mark, Step } from './layout'
import {
  bufferOf,
  cloneOf,
  growTo,
  keepForever,
  type Memory,
  pageBytes,
  reserve,
  reserveTable,
  sensibleLimit,
} from './memory'

/*
 * The window of this isolate: shared memory that the core cuts into blocks, and beside it the table of live blocks.
 * Workers that are made from now on inherit both. No other code is handed the table, so that no program, however
 * wrong, writes to what the allocator relies on.
 */

/** The number stands for the arrangement of the parts; another arrangement gets another number. */
const environmentKey = 'superslab.window.1'

interface Parts {
  memory: Memory
  table: SharedArrayBuffer
  limit: number
}

/** The first step by which a window grows, and the largest. */
const firstBytes = 4 * 2 ** 20
const mostAhead = 64 * 2 ** 20
/**
 * This many windows of a process stay mapped after the isolates that made them have ended: a thread that loads the
 * package later can then free a view that a worker sent before it ended. More of them would use up the addresses of a
 * process whose workers each make their own window.
 */
const lastingWindows = 4

export class Window {
  readonly limit: number
  /** One byte for each step of the window: 0, or the mark of the live block that starts there. */
  readonly table: Uint8Array
  /** A magazine for each class: how many blocks it has, how many it may have, their offsets. */
  readonly magazines: Uint32Array
  readonly holder: Holder
  readonly classes: Classes
  /** The memory that is usable now, as far as this isolate knows, and its length. */
  buffer: SharedArrayBuffer
  bytes: number
  /**
   * The step where a block starts that was taken but not returned, because the code after that threw; -1 for none. At
   * the end of the stack no call can free it, and no object can be made to note it. The next call frees it before it
   * does anything else, so there is never more than one.
   */
  orphan = -1
  #memory: Memory
  /** All values that `buffer` has had: a view of one of these was made in this isolate. */
  #buffers = new WeakSet<object>()
  #kept = false

  constructor(parts: Parts) {
    const { memory, table, limit } = parts
    this.#memory = memory
    this.limit = limit
    // The length is given: a view that follows its buffer's length is read at a fifth of the speed.
    this.table = new Uint8Array(table, 0, table.byteLength)
    this.magazines = new Uint32Array(lasting(new ArrayBuffer(Mark.lastClass * Magazine.words * 4)))
    this.buffer = bufferOf(memory)
    this.bytes = this.buffer.byteLength
    this.#buffers.add(this.buffer)
    const holder = addon.windowJoin(new Uint8Array(this.buffer), this.table, this.magazines, limit)
    if (holder === undefined) throw outOfMemory(`a window of ${limit} bytes`)
    this.holder = holder
    this.classes = new Classes()
  }

  /** Makes room for one more block of `size` bytes, and some ahead. False when the window is full. */
  grow(size: number): boolean {
    const there = this.holder.bytes()
    const least = there + Math.ceil(Math.max(size, pageBytes) / pageBytes) * pageBytes
    const ahead = Math.min(
      this.limit,
      Math.max(least, firstBytes, there + Math.min(there, mostAhead)),
    )
    const grown =
      growTo(this.#memory, ahead) || (least <= this.limit && growTo(this.#memory, least))
    if (!grown || ahead === there) return false
    this.holder.grow(bufferOf(this.#memory).byteLength)
    this.sync()
    return true
  }

  /** Takes over the window's size, which another isolate may have grown. True if it did. */
  sync(): boolean {
    if (this.holder.bytes() <= this.bytes) return false
    this.buffer = bufferOf(this.#memory)
    this.bytes = this.buffer.byteLength
    this.#buffers.add(this.buffer)
    return true
  }

  /** Whether a view was made in this isolate, rather than received. */
  isOwn(view: ArrayBufferView): boolean {
    return this.#buffers.has(view.buffer)
  }

  /** Notes another object over the memory that was made in this isolate. */
  adopt(buffer: SharedArrayBuffer): void {
    this.#buffers.add(buffer)
  }

  /** From then on the window stays mapped and known to the core until the process ends. */
  keep(): void {
    if (this.#kept) return
    this.#kept = true
    keepForever(this.#memory, this.table.buffer)
    this.holder.keep()
  }
}

/** The window that this isolate inherited, or a new one that its workers will inherit. */
export function openWindow(): Window {
  checkLayout()
  const inherited = getEnvironmentData(environmentKey) as unknown as Parts | undefined
  if (inherited !== undefined) return new Window(inherited)
  const parts = lasting(makeParts(sensibleLimit()))
  const window = new Window(parts)
  if (addon.windowStats().windows <= lastingWindows) window.keep()
  setEnvironmentData(environmentKey, parts as never)
  return window
}

/**
 * For what the addon or Node keeps until the isolate ends. An object of a context of vm would keep that context too, so
 * there it is cloned: a clone is of Node's own context.
 */
function lasting<Value>(value: Value): Value {
  return isForeign ? cloneOf(value) : value
}

function makeParts(most: number): Parts {
  const { memory, limit } = reserve(most)
  const lasts = addon.windowStats().windows < lastingWindows
  return { memory, table: reserveTable(limit / 2 ** Step.shift, lasts), limit }
}
