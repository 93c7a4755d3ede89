import { createBlocks } from './blocks'
import { createBuffers } from './buffers'
import { type Heap, opened, put } from './place'
import { openWindow } from './window'

/* Whoever needs this isolate's heap imports this module, which opens it. */

function open(): Heap {
  const window = openWindow()
  const blocks = createBlocks(window)
  const heap = { window, blocks, buffers: createBuffers(window, blocks) }
  put(heap)
  return heap
}

export const { window, blocks, buffers } = opened() ?? open()
