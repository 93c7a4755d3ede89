import { opened } from './heap/place'
import { addon, type HeapStats, type Info, type RawStats } from './native'

/** Counters of the one core of this process: `heap` has those of the shared memory that Buffers lie in. */
export interface Stats extends RawStats {
  heap: HeapStats
}

/** Whether superslab is the malloc of this process, as under `superslab run`. */
export const active: boolean = addon.active

/** Exact while no other thread allocates or frees. */
export function stats(): Stats {
  return { ...addon.stats(), heap: addon.windowStats() }
}

/**
 * Gives free memory back to the system, this thread's freed Buffers included; returns the bytes given back by this
 * call. What other threads keep for their next Buffers stays theirs.
 */
export function trim(): number {
  opened()?.window.native.drain()
  return addon.trim()
}

/** Readies `count` blocks of `size` bytes for this thread; returns how many are ready. */
export function prewarm(size: number, count: number): number {
  return addon.prewarm(size, count)
}

/** Which copy of the library serves the heap, and how it was built. */
export function info(): Info {
  return addon.info()
}
