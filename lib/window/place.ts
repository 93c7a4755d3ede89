import type { Blocks } from './blocks'
import type { Buffers } from './buffers'
import type { Window } from './window'

export interface Instance {
  window: Window
  blocks: Blocks
  buffers: Buffers
}

/**
 * All copies of the package that an isolate loaded share one instance. The number stands for the arrangement of its
 * members; another arrangement gets another number.
 */
const key = Symbol.for('superslab.instance.1')
const place = globalThis as { [key]?: Instance }

/** This isolate's instance, if it was opened: instance.ts opens it. */
export function opened(): Instance | undefined {
  return place[key]
}

export function put(instance: Instance): void {
  Object.defineProperty(place, key, { value: instance })
}
