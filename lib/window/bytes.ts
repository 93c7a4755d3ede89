import { isUint8Array } from 'node:util/types'
import { addon } from '../addon'

/*
 * V8 fills and copies shared memory in small atomic pieces, at 1 to 2 GB/s; ordinary memory reaches more than ten times
 * that. The C library fills and copies longer runs.
 */

/** A shorter run takes less time than a call of the addon. */
const leastBytes = 512

const { fill: fillBuffer } = Buffer.prototype
const { set: setBytes } = Uint8Array.prototype

export function fill(
  this: Buffer,
  value: string | number | Uint8Array,
  start?: number,
  end?: number,
  encoding?: BufferEncoding,
): Buffer {
  const plain = typeof value === 'number' && start === undefined && end === undefined
  if (!plain || this.length < leastBytes) return fillBuffer.call(this, value, start, end, encoding)
  addon.viewFill(this, value & 0xff)
  return this
}

export function set(this: Uint8Array, source: ArrayLike<number>, offset = 0): void {
  if (
    isUint8Array(source) &&
    source.length >= leastBytes &&
    Number.isSafeInteger(offset) &&
    offset >= 0 &&
    source.length <= this.length - offset
  )
    addon.viewSet(this, source, offset)
  else setBytes.call(this, source, offset)
}
