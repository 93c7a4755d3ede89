import { addon, type Info, type Stats } from './native'

/** Exact while no other thread allocates or frees. */
export function stats(): Stats {
  return addon.stats()
}

/** Gives free memory back to the system; returns the bytes given back by this call. */
export function trim(): number {
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
