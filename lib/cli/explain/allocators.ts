import { closeSync, openSync, readSync } from 'node:fs'
import path from 'node:path'

/*
 * Allocators that a file of a process brings along. An addon's own one is linked into the addon, most often without
 * symbols, but its messages and the names of its options stay in the file.
 */

export interface OwnAllocator {
  /** Of the allocator. */
  name: string
  file: string
}

const signs = [
  { name: 'mimalloc', text: 'mimalloc: ' },
  { name: 'jemalloc', text: '<jemalloc>: ' },
  { name: 'tcmalloc', text: 'tcmalloc: ' },
  { name: 'snmalloc', text: 'snmalloc' },
] as const

const chunkBytes = 1 << 20
const longestSign = Math.max(...signs.map(({ text }) => text.length))

/** The allocator whose text is in the file. Undefined if there is none, or if the file cannot be read. */
export function allocatorIn(file: string): OwnAllocator | undefined {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return undefined
  }
  try {
    const chunk = Buffer.alloc(longestSign + chunkBytes)
    for (let position = 0, got = chunkBytes; got === chunkBytes; position += got) {
      // The end of the chunk before stays in front, because a sign may lie across both.
      chunk.copyWithin(0, chunkBytes)
      got = readSync(descriptor, chunk, longestSign, chunkBytes, position)
      const text = chunk.subarray(0, longestSign + got)
      const found = signs.find((sign) => text.includes(sign.text, 'latin1'))
      if (found) return { name: found.name, file }
    }
    return undefined
  } catch {
    return undefined
  } finally {
    closeSync(descriptor)
  }
}

/** Those of the files that process `pid` has mapped. */
export function ownAllocators(pid: number, files: Iterable<string>): OwnAllocator[] {
  return [...files]
    .filter((file) => !isKnown(file))
    .map((file) => allocatorIn(`/proc/${pid}/root${file}`))
    .filter((one) => one !== undefined)
    .map(({ name, file }) => ({ name, file: path.basename(file) }))
}

/** Node's own file, the C library and superslab: large, or told otherwise. */
function isKnown(file: string): boolean {
  return /^(node|ld-.*|lib(c|m|dl|stdc\+\+|gcc_s|pthread|superslab)[.-].*|superslab.*\.node)$/.test(
    path.basename(file),
  )
}
