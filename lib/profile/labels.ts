import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import type { Addon } from '../addon'

/**
 * The label of what runs now, for each thread. AsyncLocalStorage knows it, but only in JavaScript, and a sample is taken
 * in malloc: so a hook tells the native side at each step of an asynchronous chain. The hook is there only while labels
 * are switched on, because it costs every promise and callback something.
 */
export class Labels {
  private readonly storage = new AsyncLocalStorage<string>()
  private readonly hook = createHook({
    before: () => {
      this.outer.push(this.told)
      this.tell(this.storage.getStore() ?? '')
    },
    after: () => this.tell(this.outer.pop() ?? ''),
  })
  private told = ''
  /** What was told before each callback that runs now: one may be called in the middle of another. */
  private readonly outer: string[] = []
  /** Of the native side; 0 for none, and where it had no room. */
  private readonly numbers = new Map([['', 0]])

  constructor(private readonly addon: Pick<Addon, 'profileLabel' | 'profileSetLabel'>) {}

  enable(): void {
    this.hook.enable()
  }

  disable(): void {
    this.hook.disable()
    this.outer.length = 0
    this.tell('')
  }

  run<Result>(label: string, work: () => Result): Result {
    const before = this.told
    return this.storage.run(label, () => {
      this.tell(label)
      try {
        return work()
      } finally {
        this.tell(before)
      }
    })
  }

  private tell(label: string): void {
    if (label === this.told) return
    this.told = label
    let number = this.numbers.get(label)
    if (number === undefined) {
      number = this.addon.profileLabel(label)
      if (number !== 0) this.numbers.set(label, number)
    }
    this.addon.profileSetLabel(number)
  }
}
