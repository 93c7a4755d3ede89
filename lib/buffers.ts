import { buffers } from './window/instance'
import type { Pin } from './window/pins'

export type { Pin } from './window/pins'

/*
 * Buffers outside of V8's heap, in memory that all isolates of the process share. Each is a Buffer in every respect but
 * that `free` ends it, and that a few functions of Node refuse shared memory: see toOwned.
 */

/** A Buffer of `size` bytes, contents undefined. It lives until it is freed. */
export const alloc: (size: number) => Buffer = buffers.alloc

/** As alloc, all bytes zero. */
export const allocZeroed: (size: number) => Buffer = buffers.allocZeroed

/** Frees a Buffer, once, in whichever thread. Throws a SuperslabError, and changes nothing, for what is none. */
export const free: (buffer: Uint8Array) => void = buffers.free

/** A Buffer of `size` bytes with the contents of another, which ends. */
export const realloc: (buffer: Uint8Array, size: number) => Buffer = buffers.realloc

/** Bytes the Buffer's block can hold, at least its length. */
export const usableSize: (buffer: Uint8Array) => number = buffers.usableSize

/** A Buffer over the memory of a Uint8Array that another thread sent. Either may be freed, once. */
export const asBuffer: (view: Uint8Array) => Buffer = buffers.asBuffer

/** A copy in ordinary memory, for what refuses shared memory: SubtleCrypto, Response, transfer lists. */
export const toOwned: (buffer: Uint8Array) => Buffer<ArrayBuffer> = buffers.toOwned

/** The Buffer's address in this process, for native code. It stays mapped, whichever isolates end. */
export const address: (buffer: Uint8Array) => number = buffers.address

/** Holds off a free while something still reads or writes the Buffer: it happens when the last pin is released. */
export const pin: (buffer: Uint8Array) => Pin = buffers.pin
