import { load } from './load'

/** Counters of the one heap of this process; all of them bytes or counts. */
export interface Stats {
  liveBlocks: number
  liveBytes: number
  cachedBlocks: number
  cachedBytes: number
  slabFreeBytes: number
  slabBytes: number
  largeBytes: number
  dirtyBytes: number
  metadataBytes: number
  reservedBytes: number
  committedBytes: number
  givenBackBytes: number
  slabCount: number
  threadCount: number
  guardedReads: number
  foreignFrees: number
  lostBlocks: number
  lostBytes: number
}

/** Which copy serves the heap, and how this one was built. */
export interface Info {
  version: string
  abi: number
  file: string
  /** False when another copy of the library came first in this process. */
  ownHeap: boolean
  compiler: string
  flags: string
}

/** `superslab_inspection`; `kind` is `superslab_address_kind`. */
export interface RawInspection {
  kind: number
  block: number
  usableSize: number
  stride: number
  slab: number
}

export interface BenchWorkload {
  name: string
  summary: string
  threads: number
  ops: number
  sizeMin: number
  sizeMax: number
  slots: number
  seed: number
}

export interface BenchResult {
  seconds: number
  ops: number
  checksum: string
  /** Why the run is void. */
  error?: string
}

/**
 * The addon, native/addon, typed here and nowhere else. Functions that return a block return 0 when there was no
 * memory; those that take one return a negated `superslab_error` when it was none.
 */
export interface Addon {
  malloc(size: number): number
  calloc(count: number, size: number): number
  alignedAlloc(alignment: number, size: number): number
  realloc(address: number, size: number): number
  free(address: number): number
  freeSized(address: number, size: number): number
  usableSize(address: number): number
  goodSize(size: number): number
  prewarm(size: number, count: number): number
  trim(): number
  stats(): Stats
  inspect(address: number | bigint): RawInspection
  info(): Info
  benchWorkloads(): BenchWorkload[]
  benchRun(
    workload: string,
    allocator: string,
    threads: number,
    ops: number,
    sizeMin: number,
    sizeMax: number,
    slots: number,
    seed: number,
  ): BenchResult
}

export const addon = load() as Addon
