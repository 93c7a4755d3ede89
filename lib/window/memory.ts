import { isSharedArrayBuffer } from 'node:util/types'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { addon } from '../addon'
import { outOfMemory } from '../errors'
import { memoryThere } from '../machine'

/*
 * Shared memory that grows in place, of two kinds. Both reserve only addresses, and neither counts in
 * process.memoryUsage().arrayBuffers. A shared WebAssembly.Memory is preferred: its buffer has a fixed length, so making
 * a view takes two thirds of the time that a view of a growable SharedArrayBuffer takes.
 */

/** A shared WebAssembly.Memory, whose type Node leaves to browsers. */
interface GrowingMemory {
  readonly buffer: SharedArrayBuffer
  grow(pages: number): number
}

/** Either kind. Structured cloning passes it to another isolate, and the clone shares the memory. */
export type Memory = GrowingMemory | SharedArrayBuffer

/** Undefined where WebAssembly is off, as under --jitless. */
const { WebAssembly } = globalThis as {
  WebAssembly?: {
    Memory: new (options: { initial: number; maximum: number; shared: true }) => GrowingMemory
  }
}

export const pageBytes = 65536

/** One page less than 4 GiB: Node 20 does not clone views of a buffer of 2 ** 32 bytes correctly. */
const mostBytes = 2 ** 32 - pageBytes
/** More than V8 reserves for a shared WebAssembly.Memory, guards included. */
const guardedBytes = 2 ** 35
/** For windows where reserved addresses take memory. */
const mostExpensiveBytes = 2 ** 30
/** The smallest window: where the system refuses this, opening a window fails. */
const leastBytes = 4 * 2 ** 20

/**
 * A window has at most three quarters of the memory there is, so that it is full, and throws an error, before the
 * machine or the container has no memory left; and at most a sixteenth of the addresses, because V8 ends a process in
 * which it finds none.
 */
export function sensibleLimit(): number {
  const sensible = Math.min(mostBytes, memoryThere() * 0.75, addon.addressLimit() / 16)
  return Math.max(leastBytes, Math.floor(sensible / pageBytes) * pageBytes)
}

/*
 * The system would place the engine's mappings side by side, so the table would lie at one distance from the blocks in
 * every process, and a wrong write to a block could reach it. So both are steered to random places.
 */

/** Reserves `limit` bytes, or as many of them as the system grants, and makes the first page usable. */
export function reserve(limit: number): { memory: Memory; limit: number } {
  const isExpensive = addon.reservationsAreExpensive()
  const memory = isExpensive ? undefined : reserveWasm(pageBytes, limit)
  if (memory !== undefined) return { memory, limit }
  const most = isExpensive ? Math.min(limit, mostExpensiveBytes) : limit
  for (let bytes = most; ; bytes = Math.floor(bytes / 2 / pageBytes) * pageBytes)
    try {
      return { memory: growable(pageBytes, bytes), limit: bytes }
    } catch {
      if (bytes < leastBytes * 2) throw outOfMemory(`a window of ${bytes} bytes`)
    }
}

/** Not used where addresses are few: V8 reserves gigabytes of guards too, and if that fails it leaks the reservation. */
function reserveWasm(bytes: number, most: number): GrowingMemory | undefined {
  if (WebAssembly === undefined || addon.addressLimit() < guardedBytes) return undefined
  const [initial, maximum] = [bytes / pageBytes, most / pageBytes]
  try {
    return addon.steered(
      most,
      guardedBytes,
      false,
      () => new WebAssembly.Memory({ initial, maximum, shared: true }),
    )
  } catch {
    return undefined
  }
}

/** All of it is usable at once: pages that are not touched cost nothing. */
export function reserveTable(bytes: number, hasMargins: boolean): SharedArrayBuffer {
  try {
    // The engine asks for some more, so that it can align what it gets.
    const most = bytes + 16 * pageBytes
    return addon.steered(bytes, most, hasMargins, () => growable(bytes, bytes))
  } catch {
    const whole = Math.ceil(bytes / pageBytes) * pageBytes
    const memory = reserveWasm(whole, whole)
    if (memory === undefined) throw outOfMemory(`a table of ${bytes} bytes`)
    return memory.buffer
  }
}

/** Throws in an engine whose shared memory does not grow: the buffer that it makes instead does not begin at a page. */
function growable(bytes: number, maxByteLength: number): SharedArrayBuffer {
  if (!('growable' in SharedArrayBuffer.prototype)) throw new RangeError('no memory that grows')
  const Growable = SharedArrayBuffer as new (
    length: number,
    options: { maxByteLength: number },
  ) => SharedArrayBuffer
  return new Growable(bytes, { maxByteLength })
}

/** The buffer that reaches to the end of what is usable now. */
export function bufferOf(memory: Memory): SharedArrayBuffer {
  if (isSharedArrayBuffer(memory)) return memory
  memory.grow(0) // updates this isolate's buffer, where another one has grown the memory
  return memory.buffer
}

/** Makes the memory at least `bytes` long. False when the system refuses. */
export function growTo(memory: Memory, bytes: number): boolean {
  const there = bufferOf(memory).byteLength
  if (there >= bytes) return true
  try {
    if (isSharedArrayBuffer(memory))
      (memory as SharedArrayBuffer & { grow(length: number): void }).grow(bytes)
    else memory.grow((bytes - there) / pageBytes)
    return true
  } catch {
    return bufferOf(memory).byteLength >= bytes
  }
}

/** A structured clone. Its objects are of Node's own context, even where this module was loaded in a context of vm. */
export function cloneOf<Value>(value: Value): Value {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(value)
  const received = receiveMessageOnPort(port2) as { message: Value }
  port1.close()
  return received.message
}

/**
 * Keeps shared memory mapped until the process ends. Node has no function for that: each of two ports waits in a message
 * that is queued at the other port, so neither message is ever received or dropped, nor the memory in the first one.
 */
export function keepForever(...values: (Memory | ArrayBufferLike)[]): void {
  const one = new MessageChannel()
  const two = new MessageChannel()
  one.port1.postMessage({ values, port: two.port2 }, [two.port2])
  two.port1.postMessage(one.port2, [one.port2])
  one.port1.close()
  two.port1.close()
}
