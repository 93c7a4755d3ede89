import type { Hooks } from './blocks'
import { Watch, type WatchOptions } from './watch'
import type { Window } from './window'

/** Whether this isolate's Buffers are watched. */
export class Watching {
  /** All that was ever watched; undefined until `set` first asks for it. */
  watch: Watch | undefined = undefined
  /** The same while Buffers that are allocated are to be watched, else undefined. */
  active: Watch | undefined = undefined
  #window: Window
  #hooks: Hooks

  constructor(window: Window, hooks: Hooks) {
    this.#window = window
    this.#hooks = hooks
  }

  set(options: WatchOptions): void {
    const isOn = options.track || options.collect
    if (isOn) this.watch ??= this.#start()
    this.active = isOn ? this.watch : undefined
    if (this.watch !== undefined) this.watch.options = { ...options }
  }

  #start(): Watch {
    const watch = new Watch(this.#window)
    this.#hooks.ended = (block) => watch.ended(block)
    this.#hooks.reclaim = () => watch.reclaim()
    this.#hooks.advice = () => watch.advice
    return watch
  }
}
