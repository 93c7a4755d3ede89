import { addon } from '../addon'
import type { Hooks } from './blocks'
import { Sampling } from './sampling'
import { Watch, type WatchOptions } from './watch'
import type { Window } from './window'

/** Is told of Buffers that are made. */
export interface Births {
  /** The memory for the next Buffer to be a view of. */
  memory(): SharedArrayBuffer
  born(buffer: Uint8Array, block: number, size: number, caller: (...args: never[]) => unknown): void
}

/** Whether this isolate's Buffers are watched, and whether they are sampled for a profile. */
export class Watching {
  /** All that was ever watched; undefined until `set` first asks for it. */
  watch: Watch | undefined = undefined
  /** What is told of new Buffers, else undefined. */
  active: Births | undefined = undefined
  /** The watch while Buffers that are allocated are to be watched. */
  #watched: Watch | undefined = undefined
  #sampling: Sampling | undefined = undefined
  #isSampled = false
  #window: Window
  #hooks: Hooks

  constructor(window: Window, hooks: Hooks) {
    this.#window = window
    this.#hooks = hooks
    hooks.refilled = () => {
      if (addon.profileRunning() !== this.#isSampled) this.follow()
    }
    this.follow()
  }

  set(options: WatchOptions): void {
    const isOn = options.track || options.collect
    if (isOn) this.watch ??= this.#start()
    this.#watched = isOn ? this.watch : undefined
    if (this.watch !== undefined) this.watch.options = { ...options }
    this.#choose()
  }

  /** Samples from now on if a profile of the process runs. */
  follow(): void {
    this.#isSampled = addon.profileRunning()
    if (this.#isSampled) this.#sampling ??= this.#startSampling()
    if (this.#sampling !== undefined) this.#isSampled = this.#sampling.begin()
    this.#choose()
  }

  #choose(): void {
    this.active = this.#watched
    if (!this.#isSampled || this.#sampling === undefined) return
    this.#sampling.next = this.#watched
    this.active = this.#sampling
  }

  #startSampling(): Sampling {
    const sampling = new Sampling(this.#window)
    this.#hooks.ended = (block) => {
      this.watch?.ended(block)
      sampling.ended(block)
    }
    return sampling
  }

  #start(): Watch {
    const watch = new Watch(this.#window)
    this.#hooks.ended = (block) => {
      watch.ended(block)
      this.#sampling?.ended(block)
    }
    this.#hooks.reclaim = () => watch.reclaim()
    this.#hooks.advice = () => watch.advice
    return watch
  }
}
