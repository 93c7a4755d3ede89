import { addon, type HeapStats, type Info, type RawStats } from './addon'
import { argumentRange, argumentType } from './errors'
import { memoryThere } from './machine'
import { opened } from './window/place'

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
  opened()?.window.holder.drain()
  return addon.trim()
}

/**
 * Readies `count` blocks of `size` bytes for this thread; returns how many are ready. Their memory is used from then on,
 * so more than three quarters of what the machine or the container has is refused: the system would end the process.
 */
export function prewarm(size: number, count: number): number {
  if (typeof size !== 'number') throw argumentType('size', 'a number')
  if (typeof count !== 'number') throw argumentType('count', 'a number')
  const most = Math.floor((memoryThere() * 0.75) / Math.max(size, 16))
  if (Number.isSafeInteger(size) && size >= 0 && count > most)
    throw argumentRange('count', `at most ${most} for blocks of ${size} bytes on this machine`)
  return addon.prewarm(size, count)
}

/** Which copy of the library serves the heap, and how it was built. */
export function info(): Info {
  const found = addon.info()
  // `superslab run` names the library by way of one of glibc's folders.
  return { ...found, file: found.file.replace(/^.*\/\.\.\/\.\.\/\.\.\/\.\.(?=\/)/, '') }
}
