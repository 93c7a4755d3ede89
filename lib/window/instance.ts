import { createBlocks } from './blocks'
import { createBuffers } from './buffers'
import { type Instance, opened, put } from './place'
import { openWindow } from './window'

/* Importing this module opens this isolate's window. */

function open(): Instance {
  const window = openWindow()
  const blocks = createBlocks(window)
  const instance = { window, blocks, buffers: createBuffers(window, blocks) }
  put(instance)
  return instance
}

export const { window, blocks, buffers } = opened() ?? open()
