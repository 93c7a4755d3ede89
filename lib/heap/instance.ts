import { type Blocks, createBlocks } from './blocks'
import { type Buffers, createBuffers } from './buffers'
import { openWindow, type Window } from './window'

export interface Heap {
  window: Window
  blocks: Blocks
  buffers: Buffers
}

/** One heap an isolate, whichever copies of the package it loaded; another arrangement gets another number. */
const key = Symbol.for('superslab.heap.1')
const place = globalThis as { [key]?: Heap }

function create(): Heap {
  const window = openWindow()
  const blocks = createBlocks(window)
  return { window, blocks, buffers: createBuffers(window, blocks) }
}

function instance(): Heap {
  const there = place[key]
  if (there !== undefined) return there
  const heap = create()
  Object.defineProperty(place, key, { value: heap })
  return heap
}

export const { window, blocks, buffers } = instance()
