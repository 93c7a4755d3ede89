import { isSharedArrayBuffer } from 'node:util/types'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { addon } from '../addon'
import { outOfMemory } from '../errors'
import { memoryThere } from '../machine'

/*
 * Shared memory that grows in place. A shared WebAssembly.Memory is the better one of the two kinds: its buffer has a
 * fixed length, so a view of it is made in two thirds of the time that a view of a growable SharedArrayBuffer takes,
 * and neither counts in process.memoryUsage().arrayBuffers. Both reserve addresses alone.
 */

/** A shared WebAssembly.Memory, whose type Node leaves to browsers. */
interface GrowingMemory {
  readonly buffer: SharedArrayBuffer
  grow(pages: number): number
}

/** What other isolates are given: either kind can be cloned, and the clone shares the memory. */
export type Memory = GrowingMemory | SharedArrayBuffer

/** Undefined where WebAssembly is off, as it is without a compiler. */
const { WebAssembly } = globalThis as {
  WebAssembly?: {
    Memory: new (options: { initial: number; maximum: number; shared: true }) => GrowingMemory
  }
}

export const pageBytes = 65536

/** One page less than 4 GiB: views of a buffer of 2 ** 32 bytes are not cloned right by Node 20. */
const mostBytes = 2 ** 32 - pageBytes
/** More than V8 reserves for a shared WebAssembly.Memory, guards included. */
const guardedBytes = 2 ** 35
/** What is refused below this is refused. */
const leastBytes = 4 * 2 ** 20

/**
 * No window is larger than three quarters of the memory there is, so that it is full, and says so, before the machine or
 * the container is, nor than a sixteenth of the addresses: V8 ends the process that has none left for it.
 */
export function sensibleLimit(): number {
  const sensible = Math.min(mostBytes, memoryThere() * 0.75, addon.addressLimit() / 16)
  return Math.max(leastBytes, Math.floor(sensible / pageBytes) * pageBytes)
}

/** Reserves `limit` bytes, or what the system grants of them, and makes the first page usable. */
export function reserve(limit: number): { memory: Memory; limit: number } {
  const memory = reserveWasm(pageBytes, limit)
  if (memory !== undefined) return { memory, limit }
  for (let bytes = limit; ; bytes = Math.floor(bytes / 2 / pageBytes) * pageBytes)
    try {
      return { memory: growable(pageBytes, bytes), limit: bytes }
    } catch {
      if (bytes < leastBytes * 2) throw outOfMemory(`a window of ${bytes} bytes`)
    }
}

/** Not where addresses are few: it reserves guards of gigabytes beside the memory, and V8 keeps what it got if they fail. */
function reserveWasm(bytes: number, most: number): GrowingMemory | undefined {
  if (WebAssembly === undefined || addon.addressLimit() < guardedBytes) return undefined
  const [initial, maximum] = [bytes / pageBytes, most / pageBytes]
  try {
    return new WebAssembly.Memory({ initial, maximum, shared: true })
  } catch {
    return undefined
  }
}

/** All of it usable at once: what nobody touches costs nothing. */
export function reserveTable(bytes: number): SharedArrayBuffer {
  try {
    return growable(bytes, bytes)
  } catch {
    const whole = Math.ceil(bytes / pageBytes) * pageBytes
    const memory = reserveWasm(whole, whole)
    if (memory === undefined) throw outOfMemory(`a table of ${bytes} bytes`)
    return memory.buffer
  }
}

/** Refused by an engine whose shared memory does not grow: what it makes instead does not begin at a page. */
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
  memory.grow(0) // another isolate may have grown it: this one's buffer may lag behind
  return memory.buffer
}

/** Makes the memory at least so long. False when the system refuses. */
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

/** A structured clone, of Node's own context even where this module was loaded in one of vm. */
export function cloneOf<Value>(value: Value): Value {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(value)
  const received = receiveMessageOnPort(port2) as { message: Value }
  port1.close()
  return received.message
}

/**
 * Keeps shared memory mapped as long as the process lives, whichever isolates end. Nothing in Node does that by name:
 * each of two ports waits in a message that is queued at the other one, so nobody ever receives or drops either, nor
 * what lies in the first message.
 */
export function keepForever(...values: (Memory | ArrayBufferLike)[]): void {
  const one = new MessageChannel()
  const two = new MessageChannel()
  one.port1.postMessage({ values, port: two.port2 }, [two.port2])
  two.port1.postMessage(one.port2, [one.port2])
  one.port1.close()
  two.port1.close()
}
