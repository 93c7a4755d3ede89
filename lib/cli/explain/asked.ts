/** Live bytes of superslab by the library that asked for them, the largest first. */
export interface Asked {
  library: string
  bytes: number
}

/**
 * What a heap profile of the process says; undefined where none is taken. This is the place for the profiler's figures:
 * `explain` prints them as soon as there are any.
 */
export function askedBy(_pid: number): Asked[] | undefined {
  return undefined
}
