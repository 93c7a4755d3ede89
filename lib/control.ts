import { addon, type HeapStats, type Info, type RawStats } from './addon'
import { argumentRange, argumentType } from './errors'
import { memoryThere } from './machine'
import { opened } from './window/place'

/** Counters of the whole process; `heap` has those of the windows, the shared memory that holds the Buffers. */
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
 * Gives free memory back to the system, this thread's freed Buffers included, and returns the number of bytes. Freed
 * Buffers that other threads keep for reuse stay with them.
 */
export function trim(): number {
  opened()?.window.holder.drain()
  return addon.trim()
}

/**
 * Prepares `count` blocks of `size` bytes for this thread; returns the number that is ready. Their memory is in use from
 * then on, so a request for more than three quarters of the machine's or the container's memory is refused: the system
 * would end the process.
 */
export function prewarm(size: number, count: number): number {
  if (typeof size !== 'number') throw argumentType('size', 'a number')
  if (typeof count !== 'number') throw argumentType('count', 'a number')
  const most = Math.floor((memoryThere() * 0.75) / Math.max(size, 16))
  if (Number.isSafeInteger(size) && size >= 0 && count > most)
    throw argumentRange('count', `at most ${most} for blocks of ${size} bytes on this machine`)
  return addon.prewarm(size, count)
}

/** Which copy of the library serves this process, and how this one was built. */
export function info(): Info {
  const found = addon.info()
  // `superslab run` gives the loader a path that leads through one of glibc's folders.
  return { ...found, file: found.file.replace(/^.*\/\.\.\/\.\.\/\.\.\/\.\.(?=\/)/, '') }
}
