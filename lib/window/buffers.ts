import { isSharedArrayBuffer, isUint8Array } from 'node:util/types'
import { addon } from '../addon'
import { argumentType, several } from '../errors'
import type { Blocks } from './blocks'
import { Mark, Step } from './layout'
import { keepForever } from './memory'
import { createPins, type Pins } from './pins'
import { createReceived, elsewhere, type Received } from './received'
import { createResting, type Resting } from './resting'
import { SlabBuffer } from './slab-buffer'
import type { Watch, WatchOptions } from './watch'
import { Watching } from './watching'
import type { Window } from './window'

/** A constant of this module: an import's member is loaded and compared in each call, and costs alloc and free 5 %. */
const Slab = SlabBuffer

/*
 * Buffers over blocks, as the package exports them. Each part below is made from the window and the parts before it.
 * All of them are functions in constants, so that V8 inlines the calls between them.
 */

export type Buffers = Allocation & Freeing & Reallocation & Conversions & Pins & Resting & Control

interface Allocation {
  alloc(size: number): Buffer
  allocZeroed(size: number): Buffer
}

interface Freeing {
  free(buffer: Uint8Array): void
  /**
   * Frees every one, then throws what was thrown: one error as it is, several as an AggregateError. At the end of the
   * stack it throws at once, an error without a code: the rest is still live.
   */
  freeAll(ending: Iterable<Uint8Array>): void
  /** False for a Buffer that was freed, and for a received view whose block was. */
  mayBeLive(buffer: Uint8Array): boolean
}

interface Reallocation {
  realloc(buffer: Uint8Array, size: number): Buffer
}

interface Conversions {
  usableSize(buffer: Uint8Array): number
  asBuffer(view: Uint8Array): Buffer
  toOwned(buffer: Uint8Array): Buffer<ArrayBuffer>
  address(buffer: Uint8Array): number
}

interface Control {
  watch(options: WatchOptions): void
  /** A profile of the process was started or stopped. */
  profiled(): void
  readonly watching: Watch | undefined
}

/** The Buffer over a block that was just taken. Where it throws, the block is still the caller's. */
type Make = (block: number, size: number, caller: (...args: never[]) => Buffer) => Buffer

export function createBuffers(window: Window, blocks: Blocks): Buffers {
  const watching = new Watching(window, blocks.hooks)
  const make = createMake(window, watching)
  const received = createReceived(window, blocks)
  const freeing = createFreeing(window, blocks, received)
  return {
    ...createAllocation(window, blocks, make),
    ...freeing,
    ...createReallocation(window, blocks, received, make, freeing),
    ...createConversions(window, blocks, received),
    ...createPins(window, received, watching),
    ...createResting(window, blocks, watching),
    watch: (options) => watching.set(options),
    profiled: () => watching.follow(),
    get watching() {
      return watching.watch
    },
  }
}

function createMake(window: Window, watching: Watching): Make {
  return (block, size, caller) => {
    const { active } = watching
    if (active === undefined) return new Slab(window.buffer, block, size) as unknown as Buffer
    const buffer = new Slab(active.memory(), block, size)
    active.born(buffer, block, size, caller)
    return buffer as unknown as Buffer
  }
}

function createAllocation(window: Window, blocks: Blocks, make: Make): Allocation {
  function alloc(size: number): Buffer {
    if (window.orphan >= 0) blocks.freeOrphan()
    const block = blocks.malloc(size)
    try {
      return make(block, size, alloc)
    } catch (error) {
      window.orphan = block >>> Step.shift // at the end of the stack, where free would throw as well
      throw error
    }
  }

  function allocZeroed(size: number): Buffer {
    if (window.orphan >= 0) blocks.freeOrphan()
    const block = blocks.malloc(size)
    try {
      return make(block, size, allocZeroed).fill(0)
    } catch (error) {
      window.orphan = block >>> Step.shift
      throw error
    }
  }

  return { alloc, allocZeroed }
}

function createFreeing(window: Window, blocks: Blocks, received: Received): Freeing {
  function free(buffer: Uint8Array): void {
    if (!Slab.has(buffer)) {
      received.free(buffer)
      return
    }
    if (window.orphan >= 0) blocks.freeOrphan()
    Slab.free(buffer, blocks)
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

  function mayBeLive(buffer: Uint8Array): boolean {
    return Slab.has(buffer) ? Slab.step(buffer) >= 0 : received.mayBeLive(buffer)
  }

  return { free, freeAll, mayBeLive }
}

function createReallocation(
  window: Window,
  blocks: Blocks,
  { blockOf }: Received,
  make: Make,
  { free }: Freeing,
): Reallocation {
  const { table, classes } = window

  /** Neither pinned nor watched: the mark of those is not their class. */
  function isPlain(block: number): boolean {
    const mark = table[block >>> Step.shift] as number
    return mark <= Mark.lastClass || mark === Mark.large
  }

  function realloc(buffer: Uint8Array, size: number): Buffer {
    const block = blockOf(buffer)
    if (
      block !== elsewhere &&
      isPlain(block) &&
      classes.usableBytes(size) === blocks.usableSize(block)
    ) {
      const made = Slab.has(buffer)
        ? Slab.replace(buffer, window.buffer, size)
        : new Slab(window.buffer, block, size)
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
      window.orphan = moved >>> Step.shift
      blocks.freeOrphan()
      throw error
    }
  }

  return { realloc }
}

function createConversions(
  window: Window,
  blocks: Blocks,
  { blockOf, received }: Received,
): Conversions {
  function usableSize(buffer: Uint8Array): number {
    const block = blockOf(buffer)
    const usable = block === elsewhere ? addon.viewUsableSize(buffer) : blocks.usableSize(block)
    return usable || buffer.length
  }

  function asBuffer(view: Uint8Array): Buffer {
    if (Slab.has(view)) return view as unknown as Buffer
    const block = received(view)
    return block === elsewhere
      ? Buffer.from(view.buffer, view.byteOffset, view.byteLength)
      : (new Slab(window.buffer, block, view.byteLength) as unknown as Buffer)
  }

  function toOwned(buffer: Uint8Array): Buffer<ArrayBuffer> {
    if (!isUint8Array(buffer) || isDetached(buffer))
      throw argumentType('buffer', 'a Uint8Array whose memory was not transferred')
    return Buffer.from(new Uint8Array(buffer).buffer)
  }

  function address(buffer: Uint8Array): number {
    const block = blockOf(buffer)
    if (block === elsewhere) {
      keepForever(buffer.buffer)
      return addon.viewAddress(buffer)
    }
    window.keep()
    return window.holder.base + block
  }

  return { usableSize, asBuffer, toOwned, address }
}

/** Its length is 0 then, and no view of its buffer can be made. */
function isDetached(view: Uint8Array): boolean {
  if (view.byteLength > 0 || isSharedArrayBuffer(view.buffer)) return false
  try {
    return new Uint8Array(view.buffer).byteLength < 0
  } catch {
    return true
  }
}
