import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import { outOfMemory } from '../errors'
import { addon, type IsolateWindow, isForeign } from '../native'
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
 * The window of this isolate: shared memory that the core cuts into blocks, and beside it the table of what is live.
 * Workers that are made from now on inherit both. The table is handed to nobody else, so that no program, however
 * wrong, writes to what the allocator relies on.
 */

/** The key says how the parts fit together; another arrangement gets another number. */
const environmentKey = 'superslab.window.1'

interface Parts {
  memory: Memory
  table: SharedArrayBuffer
  limit: number
}

/** In the order of api.h. */
const classCount = 80
export const magazineWords = 256
const firstBytes = 4 * 2 ** 20
const mostAhead = 64 * 2 ** 20
/**
 * So many windows of a process are kept whatever becomes of the isolates that made them: a view that a worker sent before
 * it ended can then be freed by a thread that loads the package later. Beyond that, a process whose workers each make
 * their own would run out of addresses.
 */
const lastingWindows = 4
/** Blocks above this many bytes are taken from the core one by one. */
export const smallBytes = 65536

/** What the table says of a block that has a pin. */
export const pinnedKind = 0xff

export class Window {
  readonly limit: number
  /** One byte for each 16 bytes of the window: 0, or what the live block that starts there is. */
  readonly table: Uint8Array
  /** A magazine a class: how many blocks it has, how many it may have, their offsets. */
  readonly magazines: Uint32Array
  readonly native: IsolateWindow
  /** The class of a request by its number of 16-byte steps. */
  readonly classes: Uint8Array
  readonly strides: readonly number[]
  /** The memory that is usable now, as far as this isolate knows, and its length. */
  buffer: SharedArrayBuffer
  bytes: number
  /**
   * Where a block starts, in steps of 16 bytes, that nobody was handed, because what came after threw; -1: there is none.
   * At the end of the stack no call can free it, not even an object can be made to note it: the next call frees it first,
   * or does nothing, so that there is one at most.
   */
  orphan = -1
  #memory: Memory
  /** All that `buffer` ever was: a view of one of these was made in this isolate. */
  #buffers = new WeakSet<object>()
  #kept = false

  constructor(parts: Parts) {
    const { memory, table, limit } = parts
    this.#memory = memory
    this.limit = limit
    // With its length given: a view that follows its buffer's length is read at a fifth of the speed.
    this.table = new Uint8Array(table, 0, table.byteLength)
    this.magazines = new Uint32Array(lasting(new ArrayBuffer(classCount * magazineWords * 4)))
    this.buffer = bufferOf(memory)
    this.bytes = this.buffer.byteLength
    this.#buffers.add(this.buffer)
    const native = addon.windowJoin(new Uint8Array(this.buffer), this.table, this.magazines, limit)
    if (native === undefined) throw outOfMemory(`a window of ${limit} bytes`)
    this.native = native
    this.strides = addon.windowStrides()
    this.classes = new Uint8Array(smallBytes / 16 + 1)
    for (let step = 0, bin = 0; step < this.classes.length; step++) {
      while ((this.strides[bin] ?? smallBytes) < step * 16) bin++
      this.classes[step] = bin
    }
  }

  /** Room for one more block of `size` bytes, and some ahead. False when the window is full. */
  grow(size: number): boolean {
    const there = this.native.bytes()
    const least = there + Math.ceil(Math.max(size, pageBytes) / pageBytes) * pageBytes
    const ahead = Math.min(
      this.limit,
      Math.max(least, firstBytes, there + Math.min(there, mostAhead)),
    )
    const grown =
      growTo(this.#memory, ahead) || (least <= this.limit && growTo(this.#memory, least))
    if (!grown || ahead === there) return false
    this.native.grow(bufferOf(this.#memory).byteLength)
    this.sync()
    return true
  }

  /** Looks whether another isolate has grown the window. */
  sync(): boolean {
    if (this.native.bytes() <= this.bytes) return false
    this.buffer = bufferOf(this.#memory)
    this.bytes = this.buffer.byteLength
    this.#buffers.add(this.buffer)
    return true
  }

  /** Whether a view was made in this isolate, rather than received. */
  isOwn(view: ArrayBufferView): boolean {
    return this.#buffers.has(view.buffer)
  }

  /** Another object over the memory, made in this isolate too. */
  adopt(buffer: SharedArrayBuffer): void {
    this.#buffers.add(buffer)
  }

  /** From here on the window stays mapped and known, whichever isolates end. */
  keep(): void {
    if (this.#kept) return
    this.#kept = true
    keepForever(this.#memory, this.table.buffer)
    this.native.last()
  }
}

/** The window that this isolate inherited, or a new one that its workers will inherit. */
export function openWindow(): Window {
  const inherited = getEnvironmentData(environmentKey) as unknown as Parts | undefined
  if (inherited !== undefined) return new Window(inherited)
  const parts = lasting(makeParts(sensibleLimit()))
  const window = new Window(parts)
  if (addon.windowStats().windows <= lastingWindows) window.keep()
  setEnvironmentData(environmentKey, parts as never)
  return window
}

/**
 * What the addon or Node keeps as long as the isolate is not made by a context of vm, or that context would be kept too:
 * a clone is of Node's own context.
 */
function lasting<Value>(value: Value): Value {
  return isForeign ? cloneOf(value) : value
}

function makeParts(most: number): Parts {
  const { memory, limit } = reserve(most)
  return { memory, table: reserveTable(limit / 16), limit }
}
