import type { Blocks } from './blocks'
import type { Buffers } from './buffers'
import type { Window } from './window'

export interface Heap {
  window: Window
  blocks: Blocks
  buffers: Buffers
}

/** One heap an isolate, whichever copies of the package it loaded; another arrangement gets another number. */
const key = Symbol.for('superslab.heap.1')
const place = globalThis as { [key]?: Heap }

/** This isolate's heap, if it was opened: instance.ts opens it. */
export function opened(): Heap | undefined {
  return place[key]
}

export function put(heap: Heap): void {
  Object.defineProperty(place, key, { value: heap })
}
