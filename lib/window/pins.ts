import { codeOf, misuseOf, SuperslabError } from '../errors'
import { describeView } from './describe'
import { elsewhere, type Received } from './received'
import type { Watching } from './watching'
import type { Window } from './window'

/** Keeps a Buffer from being freed: a free that comes meanwhile is done when the last pin of the Buffer is released. */
export interface Pin extends Disposable {
  release(): void
}

export interface Pins {
  pin(buffer: Uint8Array): Pin
}

export function createPins(window: Window, { blockOf }: Received, watching: Watching): Pins {
  const { holder } = window

  function pin(buffer: Uint8Array): Pin {
    const block = blockOf(buffer)
    if (block === elsewhere)
      throw new SuperslabError(
        'ERR_SUPERSLAB_NOT_A_BLOCK',
        `${describeView(buffer)} lies in the window of another thread, which alone can pin it`,
      )
    const result = holder.pin(block)
    if (result !== 0) throw misuseOf(describeView(buffer), codeOf(-result))
    let isHeld = true
    const release = () => {
      if (!isHeld) return
      isHeld = false
      holder.unpin(block)
      watching.watch?.released(block)
    }
    return { release, [Symbol.dispose]: release }
  }

  return { pin }
}
