import { load } from './load'

/** Counters of the whole process, windows included; bytes or counts. */
export interface RawStats {
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
  /** The most blocks in a second that are guarded; 0: none are. */
  guardRate: number
  /** Blocks that were guarded so far. */
  guardSamples: number
  /** Those that are live now. */
  guardedBlocks: number
}

/** Which copy of the library serves this process, and how this one was built. */
export interface Info {
  version: string
  abi: number
  file: string
  /** False when another copy of the library came first in this process. */
  ownHeap: boolean
  compiler: string
  flags: string
}

/** How much of the container's memory is used, on the level that is nearest to its limit. */
export interface RawPressure {
  usedBytes: number
  limitBytes: number
  /** Nine tenths are used, or threads wait for memory. */
  near: boolean
}

/** `superslab_inspection`; `kind` is `superslab_address_kind`. */
export interface RawInspection {
  kind: number
  block: number
  usableSize: number
  stride: number
  slab: number
}

/** Counters of the windows: the shared memory that holds the Buffers of `alloc` and the blocks of `heap`. */
export interface HeapStats {
  /** Windows in this process, and isolates that use them. */
  windows: number
  isolates: number
  /** Bytes that are usable now, and that the windows may grow to. */
  windowBytes: number
  limitBytes: number
  liveBlocks: number
  liveBytes: number
  /** Freed blocks in the magazines of isolates. */
  cachedBlocks: number
  cachedBytes: number
  /** Second frees of a block, made by two threads in the same instant, that were noticed later and did no harm. */
  contained: number
}

/**
 * This isolate's functions on its window, by offset. Those that free or pin return 0 or a negated `superslab_error`;
 * `refill` and `take` return `mustGrow` of the layout when the window must grow and -2 when it cannot.
 */
export interface Holder {
  /** Process address of offset 0. */
  base: number
  /** The mark of blocks that this isolate watches. */
  tag: number
  /** The mark of such a block once the core no longer knows its length. Only the first holders have one of their own. */
  ceded: number
  bytes(): number
  grow(bytes: number): void
  refill(bin: number): number
  flush(bin: number): void
  drain(): void
  take(size: number): number
  give(block: number): number
  pin(block: number): number
  unpin(block: number): number
  check(block: number): number
  usableSize(block: number): number
  offset(view: Uint8Array): number
  /** Keeps the window known to the core when its last holder leaves. */
  keep(): void
  stats(): HeapStats
  /** Has the block freed once the object is collected, and reports its bytes to the engine. True if a sweep is due. */
  hold(object: object, block: number, size: number): boolean
  drop(block: number): void
  /** Frees the blocks whose objects were collected; returns those that are no longer held. */
  sweep(): number[]
  /** For a block whose pin was released: frees it if its object was collected. True if it did. */
  settle(block: number): boolean
}

/** The constants of native/window/api.h that the hot paths in JavaScript use. */
export interface WindowLayout {
  /** The table has one byte for each 2 ** stepShift bytes of the window: 0 where no live block starts, else a mark. */
  stepShift: number
  /** Marks 1 to `lastClass`: a block of this class. */
  lastClass: number
  /** Mark of a block whose length the core no longer knows. */
  unsized: number
  /** Mark of a block that is longer than the largest class. */
  large: number
  /** Mark of a block that has a pin. */
  pinned: number
  /** A magazine is this many words: the number of blocks in it, its capacity, and from `magazineHead` on their offsets. */
  magazineWords: number
  magazineHead: number
  /** The result of `refill` and `take` when the window must grow. */
  mustGrow: number
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
  /** Of a workload that idles; see Measurement. */
  peakLiveBytes?: number
  liveBytes?: number
  idleRssBytes?: number
  freedRssBytes?: number
}

/**
 * The addon, native/addon, typed here and nowhere else. Functions that return a block return 0 when there is no memory;
 * those that take a block return a negated `superslab_error` for an address where no block starts.
 */
export interface Addon {
  /** Whether the core that it joined is the process's malloc. */
  active: boolean
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
  stats(): RawStats
  /** Undefined where no limit is known, and now and then while another thread asks. */
  pressure(): RawPressure | undefined
  /** Writes whole lines where the report near a container's limit goes, if one is written in this process. */
  pressureNote(lines: string): void
  inspect(address: number | bigint): RawInspection
  info(): Info
  windowJoin(
    memory: Uint8Array,
    table: Uint8Array,
    magazines: Uint32Array,
    limit: number,
  ): Holder | undefined
  /** Bytes that a block of each class holds; known once a window was joined. */
  windowStrides(): number[]
  windowLayout: WindowLayout
  /** Bytes of addresses that the system lets the process have. */
  addressLimit(): number
  /** Whether reserved addresses take memory, as under an emulator of a processor. */
  reservationsAreExpensive(): boolean
  /**
   * Returns what `make` returns. If `make` has the engine map `least` to `most` bytes, they lie at a random place, where
   * the system can be steered; with `hasMargins` between addresses without access, which stay until the process ends.
   */
  steered<Value>(least: number, most: number, hasMargins: boolean, make: () => Value): Value
  windowStats(): HeapStats
  viewFree(view: Uint8Array): number
  viewCheck(view: Uint8Array): number
  viewUsableSize(view: Uint8Array): number
  viewAddress(view: Uint8Array): number
  /** Replaces this process by a program; returns the system's error number if it cannot. `changes` are NAME=value. */
  execute(file: string, args: string[], changes: string[]): number
  /** Whether the file has capabilities, which a process gets by executing it. */
  hasCapabilities(file: string): boolean
  /** A name of C++ as people write it; undefined if it is none. */
  demangle(name: string): string | undefined
  /** Begins to sample; 0, or a `superslab_profile_error`, as the others return one. */
  profileStart(mean: number): number
  profileStop(): number
  profileRunning(): boolean
  /** Writes the raw profile to a file descriptor: see docs/profiling.md. */
  profileWrite(descriptor: number): number
  profileErrorName(error: number): string
  /** Asks another process for a profile by a lock on its page; 0 bytes end it. False if the system refuses. */
  profileLock(descriptor: number, start: number, count: number): boolean
  /** Bytes of blocks of windows until the next sample; Infinity while no profile runs. */
  profileDistance(): number
  /** The block in which that distance ends. */
  profileSampled(address: number, size: number, stride: number): void
  /** Such a block is about to be freed. */
  profileFreed(address: number): void
  /** A number for the text, 0 if there is no room for another one. */
  profileLabel(text: string): number
  /** Marks what this thread allocates from now on, 0 with nothing; returns the label before. */
  profileSetLabel(label: number): number
  viewFill(view: Uint8Array, byte: number): void
  /** The source must fit into the view at the offset. */
  viewSet(view: Uint8Array, source: Uint8Array, offset: number): void
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
    /** Run on libuv's pool, which must have `threads` threads, instead of on threads of its own. */
    pool?: boolean,
  ): BenchResult
}

const loaded = load() as Addon

/** Whether this module was loaded in a context of vm, as test runners do. The addon's objects are of Node's context. */
export const isForeign = !(loaded.info instanceof Function)

export const addon = isForeign ? withOwnErrors(loaded) : loaded

/** The addon with its errors replaced by ones of this context's classes. */
function withOwnErrors(addon: Addon): Addon {
  const own = { ...addon } as Record<string, unknown>
  for (const [name, member] of Object.entries(addon))
    if (typeof member === 'function')
      own[name] = (...values: unknown[]) => {
        try {
          return member(...values)
        } catch (error) {
          throw ownError(error)
        }
      }
  return own as unknown as Addon
}

function ownError(error: unknown): unknown {
  const { name, message, code } = error as Error & { code?: unknown }
  const Class = { TypeError, RangeError }[name] ?? Error
  return Object.assign(new Class(message, { cause: error }), { code })
}
