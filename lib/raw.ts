import { argumentRange, argumentType, misuse } from './errors'
import { blocks, window } from './window/instance'
import { Step } from './window/layout'

/** The window as typed arrays. The index of an element is its offset divided by the size of an element. */
interface Views {
  bytes: number
  buffer: SharedArrayBuffer
  u8: Uint8Array
  i8: Int8Array
  u16: Uint16Array
  i16: Int16Array
  u32: Uint32Array
  i32: Int32Array
  f32: Float32Array
  f64: Float64Array
  u64: BigUint64Array
  i64: BigInt64Array
}

function viewsOf(buffer: SharedArrayBuffer): Views {
  // The length is given: a view that follows its buffer's length is slow to read.
  const length = buffer.byteLength
  return {
    bytes: length,
    buffer,
    u8: new Uint8Array(buffer, 0, length),
    i8: new Int8Array(buffer, 0, length),
    u16: new Uint16Array(buffer, 0, length / 2),
    i16: new Int16Array(buffer, 0, length / 2),
    u32: new Uint32Array(buffer, 0, length / 4),
    i32: new Int32Array(buffer, 0, length / 4),
    f32: new Float32Array(buffer, 0, length / 4),
    f64: new Float64Array(buffer, 0, length / 8),
    u64: new BigUint64Array(buffer, 0, length / 8),
    i64: new BigInt64Array(buffer, 0, length / 8),
  }
}

let current = viewsOf(window.buffer)

function views(): Views {
  if (current.bytes !== window.bytes) current = viewsOf(window.buffer)
  return current
}

/** The bytes of a calloc. Each factor is checked, since two wrong factors can have a valid product. */
function product(count: number, size: number): number {
  checkCount('count', count)
  checkCount('size', size)
  return count * size
}

function checkCount(name: string, value: number): void {
  if (typeof value !== 'number') throw argumentType(name, 'a number')
  if (!Number.isSafeInteger(value) || value < 0)
    throw argumentRange(name, 'an integer between 0 and 2 ** 53 - 1')
}

function checkBlock(block: number): void {
  if (typeof block !== 'number') throw argumentType('block', 'a number')
}

function realloc(block: number, size: number): number {
  checkBlock(block)
  checkCount('size', size)
  const usable = blocks.usableSize(block)
  if (size <= usable && size > usable / 2) return block
  if (window.orphan >= 0) blocks.freeOrphan()
  const moved = blocks.malloc(size)
  try {
    // 0: the core does not know. Copying beyond the block is safe: it stays inside the window, whose memory is shared.
    views().u8.copyWithin(moved, block, block + Math.min(size, usable || size))
    blocks.free(block) // throws if another thread has freed it meanwhile
    return moved
  } catch (error) {
    window.orphan = moved >>> Step.shift
    blocks.freeOrphan()
    throw error
  }
}

/**
 * Memory by offset, without an object for each block. The typed arrays cover the window's present size: read them from
 * `heap` again after an allocation, as with WebAssembly's memory, because the window may have grown.
 *
 * `heap` is the public name of the window's blocks; in the core a heap is a thread's bins and slabs.
 */
export const heap = {
  /** The offset of at least `size` bytes, 16-byte aligned, contents undefined. Never 0, so 0 can stand for no block. */
  malloc: blocks.malloc,
  /** The offset of `count * size` zeroed bytes. */
  calloc(count: number, size: number): number {
    const bytes = product(count, size)
    if (window.orphan >= 0) blocks.freeOrphan()
    const block = blocks.malloc(bytes)
    try {
      views().u8.fill(0, block, block + bytes)
      return block
    } catch (error) {
      window.orphan = block >>> Step.shift // at the end of the stack, where free would throw as well
      throw error
    }
  },
  /** Resizes a block and returns its new offset. When it throws, the old block is untouched. */
  realloc,
  /** Frees a block, once, in any thread that shares the window. */
  free: blocks.free,
  /** Bytes a live block can hold. */
  usableSize: blocks.usableSize,
  /** The process address of a live block. The window then stays mapped until the process ends. */
  address(block: number): number {
    checkBlock(block)
    const error = window.holder.check(block)
    if (error !== 0) throw misuse(-error, block)
    window.keep()
    return window.holder.base + block
  },
  /** Extends the typed arrays if another thread has grown the window. Call it before using an offset from that thread. */
  refresh(): void {
    window.sync()
  },
  get buffer(): SharedArrayBuffer {
    return views().buffer
  },
  get u8(): Uint8Array {
    return views().u8
  },
  get i8(): Int8Array {
    return views().i8
  },
  get u16(): Uint16Array {
    return views().u16
  },
  get i16(): Int16Array {
    return views().i16
  },
  get u32(): Uint32Array {
    return views().u32
  },
  get i32(): Int32Array {
    return views().i32
  },
  get f32(): Float32Array {
    return views().f32
  },
  get f64(): Float64Array {
    return views().f64
  },
  get u64(): BigUint64Array {
    return views().u64
  },
  get i64(): BigInt64Array {
    return views().i64
  },
}
