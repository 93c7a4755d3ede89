import path from 'node:path'
import type { OwnRange, RangeKind } from '../../publication'
import type { OwnAllocator } from './allocators'
import { type Holder, type HolderKind, Sums } from './kinds'
import type { Mapping } from './smaps'

/*
 * What holds each mapping, by what the kernel shows of it. V8 marks the memory of its heaps as not inherited by fork
 * (`dc`), which no malloc does; an allocator that reserves addresses asks for no charge (`nr`), which glibc does only
 * for its arenas, of 64 MiB at multiples of 64 MiB.
 */

/** What is known of a process besides its mappings. */
export interface Known {
  /** Of superslab, if it serves the process. */
  ranges: readonly OwnRange[]
  /** Allocators that addons and the program bring along. */
  allocators: readonly OwnAllocator[]
  /** The process runs V8. */
  hasV8: boolean
  /** Whether the process's memory may be read. */
  hasWords: boolean
  /** The 64-bit word at an address of the process; undefined where it cannot be read. */
  word(address: number): bigint | undefined
}

const pageBytes = 4096
const arenaBytes = 64 << 20
const v8ChunkBytes = 256 << 10
/** The largest guard below a stack. */
const guardBytes = 64 << 10
/** V8 reserves more than this behind memory that may grow. */
const growthBytes = 1 << 20

export function holdersOf(mappings: readonly Mapping[], known: Known): Holder[] {
  const sums = new Sums()
  mappings.forEach((mapping, i) => {
    if (mapping.residentBytes === 0) return
    const neighbours = { before: adjacent(mappings[i - 1], mapping), after: mappings[i + 1] }
    if (mapping.isFile) addFile(sums, mapping)
    else addAnonymous(sums, mapping, neighbours, known)
  })
  return sums.holders()
}

interface Neighbours {
  /** The mapping that ends where this one starts. */
  before: Mapping | undefined
  after: Mapping | undefined
}

function adjacent(before: Mapping | undefined, mapping: Mapping): Mapping | undefined {
  return before?.end === mapping.start ? before : undefined
}

const bytesOf = ({ start, end }: { start: number; end: number }) => end - start
const isGuard = (mapping: Mapping | undefined): mapping is Mapping =>
  mapping?.access.startsWith('---') === true && !mapping.isFile

// ---- files ----

const sharedNames = /^\/(memfd:|dev\/(zero|shm\/)|SYSV|anon_hugepage)|^anon_inode:/

function addFile(sums: Sums, { name, access, residentBytes, anonymousBytes }: Mapping): void {
  if (name.startsWith('/memfd:superslab'))
    sums.add('superslab', 'page of statistics', residentBytes)
  else if (sharedNames.test(name) || access.endsWith('s'))
    sums.add('shared', name.replace(/ \(deleted\)$/, ''), residentBytes)
  else {
    sums.add('files', name, residentBytes - anonymousBytes)
    addData(sums, name, anonymousBytes)
  }
}

const superslabFile = /^(lib)?superslab[^/]*\.(so|node)/

function addData(sums: Sums, file: string, bytes: number): void {
  if (superslabFile.test(path.basename(file))) sums.add('superslab', "library's data", bytes)
  else sums.add('data', file, bytes)
}

// ---- the rest ----

function addAnonymous(sums: Sums, mapping: Mapping, near: Neighbours, known: Known): void {
  const { residentBytes: bytes } = mapping
  const range = known.ranges.find(({ start, end }) => mapping.start < end && mapping.end > start)
  if (range) sums.add('superslab', rangeNames[range.kind], bytes)
  else if (mapping.name !== '') addNamed(sums, mapping)
  else if (mapping.access.includes('x')) sums.add('code', 'code', bytes)
  else if (known.hasV8 && mapping.flags.has('dc')) addOfV8(sums, mapping, near)
  else if (isZeroedData(near.before)) addData(sums, near.before.name, bytes)
  else if (isStack(mapping, near.before)) sums.add('stacks', 'threads', bytes)
  else addOfMalloc(sums, mapping, near, known)
}

const rangeNames: Record<RangeKind, string> = {
  headed: 'small blocks with a header',
  blocks: 'aligned and large blocks',
  window: 'windows of Buffers',
  metadata: 'metadata',
}

/** The kernel's names, and those that programs give their memory (PR_SET_VMA_ANON_NAME). */
function addNamed(sums: Sums, { name, residentBytes: bytes }: Mapping): void {
  const given = /^\[anon(?:_shmem)?:\s*(.*)\]$/.exec(name)?.[1] ?? ''
  const allocator = /^(mimalloc|jemalloc|tcmalloc|scudo|snmalloc)/.exec(given)?.[1]
  if (name === '[heap]') sums.add('libc', 'heap', bytes)
  else if (name === '[stack]') sums.add('stacks', 'main thread', bytes)
  else if (/^\[(vdso|vvar|vsyscall|vvar_vclock|uprobes|sigpage)\]$/.test(name))
    sums.add('files', name, bytes)
  else if (/pthread stack/.test(given)) sums.add('stacks', 'threads', bytes)
  else if (/^glibc: malloc/.test(given)) sums.add('libc', 'arenas', bytes)
  else if (given.startsWith('superslab')) sums.add('superslab', given, bytes)
  else if (given.startsWith('v8') || given.startsWith('V8')) sums.add('v8-heap', given, bytes)
  else if (allocator) sums.add('allocator', given, bytes, `${allocator} of an addon`)
  else sums.add('unknown', given || name, bytes)
}

function addOfV8(sums: Sums, mapping: Mapping, { before, after }: Neighbours): void {
  const { residentBytes: bytes, access } = mapping
  const room = after?.start === mapping.end && isGuard(after) ? bytesOf(after) : 0
  const [kind, part] = ((): [HolderKind, string] => {
    if (access.startsWith('r--')) return ['v8-heap', 'read-only']
    if (before?.access.includes('x') && before.flags.has('dc')) return ['code', 'code']
    if (room > growthBytes) return ['v8-memory', 'memory that may grow']
    const isChunk = mapping.start % v8ChunkBytes === 0 && bytesOf(mapping) > v8ChunkBytes
    return ['v8-heap', isChunk ? 'large objects' : 'pages']
  })()
  sums.add(kind, part, bytes)
}

/** The loader maps zeroed data, which is in no file, behind the file's own data. */
function isZeroedData(before: Mapping | undefined): before is Mapping {
  return before?.isFile === true && before.access.startsWith('rw') && before.name.startsWith('/')
}

function isStack(mapping: Mapping, before: Mapping | undefined): boolean {
  return (
    isGuard(before) &&
    bytesOf(before) <= guardBytes &&
    !mapping.flags.has('nr') &&
    mapping.access.startsWith('rw') &&
    bytesOf(mapping) + bytesOf(before) >= 2 * guardBytes
  )
}

function addOfMalloc(sums: Sums, mapping: Mapping, near: Neighbours, known: Known): void {
  const { residentBytes: bytes } = mapping
  if (isArena(mapping, near.after)) sums.add('libc', 'arenas of threads', bytes)
  else if (mapping.flags.has('nr') && known.allocators.length > 0) {
    const names = new Set(known.allocators.map(({ name, file }) => `${name} of ${file}`))
    sums.add('allocator', 'memory', bytes, [...names].join(' or '))
  } else addLarge(sums, mapping, known)
}

function isArena(mapping: Mapping, after: Mapping | undefined): boolean {
  const room = after?.start === mapping.end && isGuard(after) ? bytesOf(after) : 0
  return (
    mapping.start % arenaBytes === 0 &&
    mapping.flags.has('nr') &&
    (bytesOf(mapping) + room) % arenaBytes === 0
  )
}

/** Marks in the size of a block of glibc. */
const isMapped = 2n
const marks = 7n

/**
 * glibc gives a large block a mapping of its own, with its length in the second word. The kernel shows neighbours as one
 * mapping, so the lengths are followed from one block to the next. Where no word may be read, such a mapping is taken for
 * one of malloc's, which it nearly always is.
 */
function addLarge(sums: Sums, mapping: Mapping, known: Known): void {
  if (!known.hasWords) {
    sums.add('libc', 'large blocks, or mmap by the program', mapping.residentBytes)
    return
  }
  let at = mapping.start
  while (at < mapping.end) {
    const size = known.word(at + 8)
    const bytes = Number((size ?? 0n) & ~marks)
    if (size === undefined || (size & marks) !== isMapped || bytes === 0 || bytes % pageBytes !== 0)
      break
    at += bytes
  }
  const part = Math.min(1, (at - mapping.start) / bytesOf(mapping))
  const large = Math.round((part * mapping.residentBytes) / pageBytes) * pageBytes
  sums.add('libc', 'large blocks', large)
  sums.add('unknown', 'anonymous memory', mapping.residentBytes - large)
}
