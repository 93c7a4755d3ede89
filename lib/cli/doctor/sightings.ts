import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import path from 'node:path'
import { publicationOf } from '../../publication'
import { statFields, type TreeState } from './process-tree'

/** A library of the command that brings a malloc of its own, which no preloaded malloc replaces. */
export interface OwnAllocator {
  library: string
  allocator: string
}

/** The command's memory at one moment, as superslab and the kernel see it. */
export interface Share {
  /** Of all processes of the command. */
  bytes: number
  /** What superslab holds of it. */
  servedBytes: number
  /** The process with most memory. */
  largest: { name: string; served: boolean }
}

/** What was seen of the command's processes under superslab. */
export interface Sightings {
  allocators: OwnAllocator[]
  usesSharp: boolean
  /** At the moment with most memory, and at the last one. */
  peak?: Share
  last?: Share
}

/** Looks at most this often: reading the list of a process's files takes a millisecond. */
const intervalMs = 250

/** Looks at the files that the processes have mapped, and at the statistics that superslab publishes. */
export class Sight {
  readonly #libraries = new Set<string>()
  #peak: Share | undefined
  #last: Share | undefined
  #next = 0

  look(state: TreeState, now = performance.now()): void {
    if (now < this.#next) return
    this.#next = now + intervalMs
    for (const { pid } of state.processes)
      for (const file of librariesOf(pid)) this.#libraries.add(file)
    const share = shareOf(state)
    if (share === undefined) return
    if (share.bytes > (this.#peak?.bytes ?? 0)) this.#peak = share
    this.#last = share
  }

  get sightings(): Sightings {
    const libraries = [...this.#libraries]
    return {
      allocators: libraries.flatMap((library) => {
        const allocator = allocatorIn(library)
        return allocator ? [{ library: path.basename(library), allocator }] : []
      }),
      usesSharp: libraries.some((file) => /\/(sharp-[^/]*\.node|libvips[^/]*)$/.test(file)),
      ...(this.#peak && { peak: this.#peak }),
      ...(this.#last && { last: this.#last }),
    }
  }
}

function shareOf({ processes, bytes }: TreeState): Share | undefined {
  const published = new Map(processes.map(({ pid }) => [pid, publishedBytes(pid)]))
  const [largest] = processes.toSorted((a, b) => b.anonymousBytes - a.anonymousBytes)
  if (!largest) return undefined
  return {
    bytes,
    servedBytes: [...published.values()].reduce<number>((sum, one) => sum + (one ?? 0), 0),
    largest: { name: nameOf(largest.pid), served: published.get(largest.pid) !== undefined },
  }
}

function publishedBytes(pid: number): number | undefined {
  const found = publicationOf(pid)
  if (found === undefined) return undefined
  const { liveBytes, cachedBytes, slabFreeBytes, dirtyBytes, metadataBytes } = found.stats
  return liveBytes + cachedBytes + slabFreeBytes + dirtyBytes + metadataBytes
}

function nameOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.indexOf('(') + 1, stat.length - statFields(stat).join(' ').length - 2)
  } catch {
    return 'a process that has ended'
  }
}

/** Libraries that the process has mapped to execute, without those of the system. */
function librariesOf(pid: number): string[] {
  try {
    const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
    return lines.flatMap((line) => {
      const file = line.match(/^\S+ ..x. (?:\S+ +){3}(\/.*(?:\.node|\.so[.\d]*))$/)?.[1]
      return file && !/^\/(usr\/)?lib|\/libsuperslab|\/superslab[^/]*\.node$/.test(file)
        ? [file]
        : []
    })
  } catch {
    return []
  }
}

// ---- a malloc inside of a library ----

/** Text that the allocator has in its messages, and that a program which only calls one does not have. */
const marks: [allocator: string, mark: RegExp][] = [
  ['mimalloc', /mimalloc: (warning|error|process)|mimalloc_|MIMALLOC_/],
  ['jemalloc', /<jemalloc>|_rjem_|JEMALLOC_/],
  ['tcmalloc', /tcmalloc: /i],
  ['snmalloc', /snmalloc/],
  ['rpmalloc', /rpmalloc/],
]
const chunkBytes = 1 << 20
const overlapBytes = 64
const known = new Map<string, string | undefined>()

/** The allocator whose messages are in a file. */
export function allocatorIn(file: string): string | undefined {
  if (!known.has(file)) known.set(file, searched(file))
  return known.get(file)
}

function searched(file: string): string | undefined {
  try {
    const descriptor = openSync(file, 'r')
    try {
      return firstMark(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}

function firstMark(descriptor: number): string | undefined {
  const buffer = Buffer.alloc(chunkBytes)
  for (let place = 0; ; place += chunkBytes - overlapBytes) {
    const bytes = readSync(descriptor, buffer, 0, chunkBytes, place)
    if (bytes <= 0) return undefined
    const text = buffer.toString('latin1', 0, bytes)
    const found = marks.find(([, mark]) => mark.test(text))
    if (found) return found[0]
    if (bytes < chunkBytes) return undefined
  }
}
