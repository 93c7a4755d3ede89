import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import path from 'node:path'

/** A C library of Linux, as the names of the package's binaries say it. */
export type Libc = 'glibc' | 'musl'

const header = { bytes: 64, segments: 32, counts: 54 }
const segmentInterpreter = 3

/** The C library whose dynamic loader this is, by the loader's name. */
export function libcOf(loader: string): Libc {
  return /^(ld-linux|ld64|ld\.so)/.test(path.basename(loader)) ? 'glibc' : 'musl'
}

/**
 * The C library of this node, which is not always the system's: an image of Alpine may have a node for glibc, and
 * Debian one for musl.
 */
export function ownLibc(): Libc {
  if (process.env.LIBC === 'musl' || process.env.LIBC === 'glibc') return process.env.LIBC
  try {
    const loader = interpreterOf(process.execPath)
    if (loader !== undefined) return libcOf(loader)
  } catch {
    // Under --permission the file may not be read.
  }
  return isAlpine() ? 'musl' : 'glibc'
}

function isAlpine(): boolean {
  try {
    return existsSync('/etc/alpine-release')
  } catch {
    return false
  }
}

/** The dynamic loader, of a 64-bit program only; undefined in a static program. */
export function interpreterOf(file: string): string | undefined {
  const descriptor = openSync(file, 'r')
  try {
    return interpreter(descriptor, read(descriptor, 0, header.bytes))
  } finally {
    closeSync(descriptor)
  }
}

export function interpreter(descriptor: number, head: Buffer): string | undefined {
  const segment = table(descriptor, head, header.segments, header.counts).find(
    (entry) => entry.readUInt32LE(0) === segmentInterpreter,
  )
  if (!segment) return undefined
  const [offset, bytes] = [Number(segment.readBigUInt64LE(8)), Number(segment.readBigUInt64LE(32))]
  return read(descriptor, offset, bytes).toString('utf8').replace(/\0.*$/s, '')
}

/** A table of an ELF file: program headers or section headers. */
export function table(
  descriptor: number,
  head: Buffer,
  offsetAt: number,
  countsAt: number,
): Buffer[] {
  const offset = Number(head.readBigUInt64LE(offsetAt))
  const [size, count] = [head.readUInt16LE(countsAt), head.readUInt16LE(countsAt + 2)]
  const all = offset === 0 ? Buffer.alloc(0) : read(descriptor, offset, size * count)
  return Array.from({ length: count }, (_, i) => all.subarray(i * size, (i + 1) * size)).filter(
    (entry) => entry.length === size,
  )
}

export function read(descriptor: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  return buffer.subarray(0, readSync(descriptor, buffer, 0, bytes, offset))
}
