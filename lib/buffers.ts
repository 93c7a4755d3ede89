import { buffers } from './window/instance'
import type { Pin } from './window/pins'

export type { Pin } from './window/pins'

/*
 * Buffers outside of V8's heap, in memory that all isolates of the process share. They differ from Node's in two
 * points: they live until `free`, and a few functions of Node refuse shared memory (see toOwned).
 */

/** A Buffer of `size` bytes, contents undefined. It lives until it is freed. */
export const alloc: (size: number) => Buffer = buffers.alloc

/** As alloc, all bytes zero. */
export const allocZeroed: (size: number) => Buffer = buffers.allocZeroed

/** Frees a Buffer, once, in any thread. For anything else it throws a SuperslabError and changes nothing. */
export const free: (buffer: Uint8Array) => void = buffers.free

/** A Buffer of `size` bytes with the contents of another, which is freed. */
export const realloc: (buffer: Uint8Array, size: number) => Buffer = buffers.realloc

/** Bytes the Buffer's block can hold, at least its length. */
export const usableSize: (buffer: Uint8Array) => number = buffers.usableSize

/** A Buffer over the memory of a Uint8Array that another thread sent. Either may be freed, once. */
export const asBuffer: (view: Uint8Array) => Buffer = buffers.asBuffer

/** A copy in ordinary memory, for functions that refuse shared memory: SubtleCrypto, Response, transfer lists. */
// Not `Buffer<ArrayBuffer>`, which TypeScript before 5.7 does not know.
export const toOwned: (buffer: Uint8Array) => ReturnType<typeof Buffer.alloc> = buffers.toOwned

/** The Buffer's address in this process, for native code. Its window stays mapped until the process ends. */
export const address: (buffer: Uint8Array) => number = buffers.address

/** Delays a free while other code still reads or writes the Buffer: the block is freed when the last pin is released. */
export const pin: (buffer: Uint8Array) => Pin = buffers.pin
