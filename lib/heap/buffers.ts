import { isSharedArrayBuffer, isUint8Array } from 'node:util/types'
import { argumentType, codeOf, describeValue, misuseOf, SuperslabError, several } from '../errors'
import { addon } from '../native'
import type { Blocks } from './blocks'
import { fill, set } from './bytes'
import { keepForever } from './memory'
import { Watch, type WatchOptions } from './watch'
import { pinnedKind, smallBytes, type Window } from './window'

/*
 * Buffers over blocks. Each has a private field with where its block starts, which nobody else can make: what has it came
 * from here, and a second free of the same object is seen whatever has become of its block. Views that were received
 * from another thread have none; they are looked up by address.
 */

/** Keeps a Buffer from being freed: a free meanwhile is put off until the last pin of it is released. */
export interface Pin extends Disposable {
  release(): void
}

export interface Buffers {
  alloc(size: number): Buffer
  allocZeroed(size: number): Buffer
  free(buffer: Uint8Array): void
  /**
   * Frees every one, then throws what was thrown: one error as it is, several as an AggregateError. At the end of the
   * stack it throws at once, an error without a code: what it did not free is still live.
   */
  freeAll(ending: Iterable<Uint8Array>): void
  realloc(buffer: Uint8Array, size: number): Buffer
  usableSize(buffer: Uint8Array): number
  asBuffer(view: Uint8Array): Buffer
  toOwned(buffer: Uint8Array): Buffer<ArrayBuffer>
  address(buffer: Uint8Array): number
  pin(buffer: Uint8Array): Pin
  /** Not a Buffer from here that was freed, nor a received view whose block was. */
  mayBeLive(buffer: Uint8Array): boolean
  /** For pools: whether a live Buffer may rest, which a pinned one may not. Throws for what no pool takes. */
  mayRest(buffer: Uint8Array, size: number): boolean
  /** Makes a live Buffer one that counts as freed, and back. False, and nothing done, for one that may not rest. */
  rest(buffer: Uint8Array, size: number): boolean
  wake(buffer: Buffer): void
  /** Frees one that rests. */
  freeResting(buffer: Buffer): void
  watch(options: WatchOptions): void
  readonly watching: Watch | undefined
}

/** Below what `~` makes of a step, which is what a resting Buffer has instead of its step. */
const freed = -0x40000000
/** The offset of a block; a step of 16 bytes is a small integer to the engine, wherever in 4 GiB it lies. */
const blockAt = (step: number) => (step << 4) >>> 0

/** Its length is 0 then, and nothing can be made of its buffer. */
function isDetached(view: Uint8Array): boolean {
  if (view.byteLength > 0 || isSharedArrayBuffer(view.buffer)) return false
  try {
    return new Uint8Array(view.buffer).byteLength < 0
  } catch {
    return true
  }
}

export function createBuffers(window: Window, blocks: Blocks): Buffers {
  const { table, native, classes, strides } = window
  /** `watch` has what was watched ever, `active` is it while Buffers that are born now are to be watched. */
  const state: { watch: Watch | undefined; active: Watch | undefined } = {
    watch: undefined,
    active: undefined,
  }

  class SlabBuffer extends Uint8Array<SharedArrayBuffer> {
    #step: number

    constructor(block: number, length: number, memory = window.buffer) {
      super(memory, block, length)
      this.#step = block >>> 4
    }

    static has(buffer: object): buffer is SlabBuffer {
      return #step in buffer
    }

    /** Where its block starts, in steps; negative if it is not live. */
    static step(buffer: SlabBuffer): number {
      return buffer.#step
    }

    static set(buffer: SlabBuffer, step: number): void {
      buffer.#step = step
    }

    /** Frees the block. Nothing is called after that: at the end of the stack that would throw, and the field lie. */
    static end(buffer: SlabBuffer): void {
      const step = buffer.#step
      if (step < 0) throw doubleFree(buffer, step)
      blocks.free(blockAt(step))
      buffer.#step = freed
    }

    static endResting(buffer: SlabBuffer): void {
      blocks.free(blockAt(~buffer.#step))
      buffer.#step = freed
    }

    /** A Buffer over the block of another, which ends if it can be made. */
    static replace(buffer: SlabBuffer, length: number): SlabBuffer {
      const made = new SlabBuffer(blockAt(buffer.#step), length)
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

  function alloc(size: number): Buffer {
    if (window.orphan >= 0) blocks.freeOrphan()
    const block = blocks.malloc(size)
    try {
      return make(block, size, alloc)
    } catch (error) {
      window.orphan = block >>> 4 // at the end of the stack, where free would throw as well
      throw error
    }
  }

  function allocZeroed(size: number): Buffer {
    if (window.orphan >= 0) blocks.freeOrphan()
    const block = blocks.malloc(size)
    try {
      return make(block, size, allocZeroed).fill(0)
    } catch (error) {
      window.orphan = block >>> 4
      throw error
    }
  }

  /** The Buffer over a block that was just taken. Where it throws, the block is still the caller's. */
  function make(block: number, size: number, caller: (...args: never[]) => Buffer): Buffer {
    const { active } = state
    if (active === undefined) return new SlabBuffer(block, size) as unknown as Buffer
    const buffer = new SlabBuffer(block, size, active.memory())
    active.born(buffer, block, size, caller)
    return buffer as unknown as Buffer
  }

  function free(buffer: Uint8Array): void {
    if (typeof buffer !== 'object' || buffer === null || !SlabBuffer.has(buffer)) {
      freeReceived(buffer)
      return
    }
    if (window.orphan >= 0) blocks.freeOrphan()
    SlabBuffer.end(buffer)
  }

  function freeAll(ending: Iterable<Uint8Array>): void {
    const errors: unknown[] = []
    for (const buffer of ending)
      try {
        free(buffer)
      } catch (error) {
        if (!(error as { code?: unknown }).code) throw error
        errors.push(error)
      }
    if (errors.length > 1) throw several(`${errors.length} Buffers could not be freed`, errors)
    if (errors.length > 0) throw errors[0]
  }

  function freeReceived(view: Uint8Array): void {
    const block = received(view)
    if (block >= 0) {
      blocks.free(block)
      return
    }
    const result = addon.viewFree(view)
    if (result !== 0) throw misuseOf(describe(view), codeOf(-result))
  }

  /**
   * The offset of the live block that a view without the field is: one that came from another thread, over the whole
   * block. -1 if the block lies in another window.
   */
  function received(view: Uint8Array): number {
    if (!isUint8Array(view)) throw argumentType('buffer', 'a Uint8Array')
    if (window.isOwn(view)) throw misuseOf(describe(view), 'ERR_SUPERSLAB_NOT_A_BLOCK')
    const result = addon.viewLook(view)
    if (result !== 0) throw misuseOf(describe(view), codeOf(-result))
    // 0: the block is live, and two frees in one instant have made the core forget its length.
    const usable = addon.viewUsableSize(view)
    if (usable !== 0 && !isWhole(view.byteLength, usable))
      throw misuseOf(describe(view), 'ERR_SUPERSLAB_NOT_A_BLOCK')
    window.sync()
    return native.offset(view)
  }

  /** The block's offset in this isolate's window; of a view that another thread sent too. */
  function blockOf(buffer: Uint8Array): number {
    if (typeof buffer !== 'object' || buffer === null || !SlabBuffer.has(buffer))
      return received(buffer)
    const step = SlabBuffer.step(buffer)
    if (step < 0) throw doubleFree(buffer, step)
    return blockAt(step)
  }

  /** Whether a request of so many bytes gets a block that holds `usable`. */
  function isWhole(length: number, usable: number): boolean {
    if (!Number.isSafeInteger(length) || length < 0) return false
    return length <= smallBytes
      ? strides[classes[(length + 15) >>> 4] as number] === usable
      : Math.ceil(length / 65536) * 65536 === usable
  }

  /** Neither pinned nor watched: those have more to them than their class. */
  function isPlain(block: number): boolean {
    const kind = table[block >>> 4] as number
    return kind <= 80 || kind === 0xfe
  }

  function realloc(buffer: Uint8Array, size: number): Buffer {
    const block = blockOf(buffer)
    if (block >= 0 && isPlain(block) && isWhole(size, blocks.usableSize(block))) {
      const made = SlabBuffer.has(buffer)
        ? SlabBuffer.replace(buffer, size)
        : new SlabBuffer(block, size)
      return made as unknown as Buffer
    }
    if (window.orphan >= 0) blocks.freeOrphan()
    const moved = blocks.malloc(size)
    try {
      const result = make(moved, size, realloc)
      result.set(buffer.length > size ? buffer.subarray(0, size) : buffer)
      free(buffer) // throws if another thread has freed it meanwhile
      return result
    } catch (error) {
      window.orphan = moved >>> 4
      blocks.freeOrphan()
      throw error
    }
  }

  function usableSize(buffer: Uint8Array): number {
    const block = blockOf(buffer)
    return (block >= 0 ? blocks.usableSize(block) : addon.viewUsableSize(buffer)) || buffer.length
  }

  function asBuffer(view: Uint8Array): Buffer {
    if (typeof view === 'object' && view !== null && SlabBuffer.has(view))
      return view as unknown as Buffer
    const block = received(view)
    return block >= 0
      ? (new SlabBuffer(block, view.byteLength) as unknown as Buffer)
      : Buffer.from(view.buffer, view.byteOffset, view.byteLength)
  }

  function toOwned(buffer: Uint8Array): Buffer<ArrayBuffer> {
    if (!isUint8Array(buffer) || isDetached(buffer))
      throw argumentType('buffer', 'a Uint8Array whose memory was not transferred')
    return Buffer.from(new Uint8Array(buffer).buffer)
  }

  function address(buffer: Uint8Array): number {
    const block = blockOf(buffer)
    if (block < 0) {
      keepForever(buffer.buffer)
      return addon.viewAddress(buffer)
    }
    window.keep()
    return native.base + block
  }

  function pin(buffer: Uint8Array): Pin {
    const block = blockOf(buffer)
    if (block < 0)
      throw new SuperslabError(
        'ERR_SUPERSLAB_NOT_A_BLOCK',
        `${describe(buffer)} lies in the window of another thread, which alone can pin it`,
      )
    const result = native.pin(block)
    if (result !== 0) throw misuseOf(describe(buffer), codeOf(-result))
    let held = true
    const release = () => {
      if (!held) return
      held = false
      native.unpin(block)
      state.watch?.released(block)
    }
    return { release, [Symbol.dispose]: release }
  }

  function mayBeLive(buffer: Uint8Array): boolean {
    if (SlabBuffer.has(buffer)) return SlabBuffer.step(buffer) >= 0
    return codeOf(-addon.viewLook(buffer)) !== 'ERR_SUPERSLAB_DOUBLE_FREE'
  }

  function mayRest(buffer: Uint8Array, size: number): boolean {
    if (typeof buffer !== 'object' || buffer === null || !SlabBuffer.has(buffer))
      throw misuseOf(describe(buffer), 'ERR_SUPERSLAB_NOT_A_BLOCK')
    const step = SlabBuffer.step(buffer)
    const kind = step < 0 ? 0 : table[step]
    if (kind === 0) throw doubleFree(buffer, step)
    if (buffer.length !== size) throw misuseOf(describe(buffer), 'ERR_SUPERSLAB_SIZE_MISMATCH')
    return kind !== pinnedKind
  }

  // The field comes last in these two: at the end of the stack a call throws, and then nothing has changed.
  function rest(buffer: Uint8Array, size: number): boolean {
    if (!mayRest(buffer, size)) return false
    const step = SlabBuffer.step(buffer as SlabBuffer)
    if (state.watch !== undefined) state.watch.rest(blockAt(step))
    SlabBuffer.set(buffer as SlabBuffer, ~step)
    return true
  }

  function wake(buffer: Buffer): void {
    const resting = buffer as unknown as SlabBuffer
    const step = ~SlabBuffer.step(resting)
    if (state.watch !== undefined) state.watch.wake(blockAt(step), wake)
    SlabBuffer.set(resting, step)
  }

  function freeResting(buffer: Buffer): void {
    if (window.orphan >= 0) blocks.freeOrphan()
    SlabBuffer.endResting(buffer as unknown as SlabBuffer)
  }

  function watch(options: WatchOptions): void {
    const on = options.track || options.collect
    if (on && state.watch === undefined) startWatch()
    state.active = on ? state.watch : undefined
    if (state.watch !== undefined) state.watch.options = { ...options }
  }

  function startWatch(): void {
    const watch = new Watch(window)
    state.watch = watch
    blocks.hooks.ended = (block) => watch.ended(block)
    blocks.hooks.reclaim = () => watch.reclaim()
    blocks.hooks.advice = () => watch.advice
  }

  function doubleFree(buffer: SlabBuffer, step: number): SuperslabError {
    const state = step > freed && step < 0 ? 'rests in a pool' : ''
    return misuseOf(`${describe(buffer)} ${state}`.trim(), 'ERR_SUPERSLAB_DOUBLE_FREE')
  }

  function describe(view: unknown): string {
    return isUint8Array(view) ? `A view of ${view.byteLength} bytes` : describeValue(view)
  }

  return {
    alloc,
    allocZeroed,
    free,
    freeAll,
    realloc,
    usableSize,
    asBuffer,
    toOwned,
    address,
    pin,
    mayBeLive,
    mayRest,
    rest,
    wake,
    freeResting,
    watch,
    get watching() {
      return state.watch
    },
  }
}
