import { duration, wrapped } from '../format'

/** Milliseconds between two changes of the line. */
const intervalMs = 200

/** What the doctor does now: lines on the standard error, the last of which changes on a terminal. */
export class Live {
  readonly #stream = process.stderr
  readonly #started = performance.now()
  readonly #shown: NodeJS.Timeout | undefined
  #state: () => string = () => ''
  /** What follows the state: how long it will take. */
  suffix = ''

  constructor() {
    if (!this.#stream.isTTY) return
    this.#shown = setInterval(() => this.#draw(), intervalMs)
    this.#shown.unref()
  }

  /** A line that stays. */
  say(text: string): void {
    this.#clear()
    this.#stream.write(`${wrapped(text, this.#stream.isTTY ? this.#stream.columns : undefined)}\n`)
    this.#draw()
  }

  get state(): () => string {
    return this.#state
  }

  /** The text of the changing line. */
  set state(text: () => string) {
    this.#state = text
    this.#draw()
  }

  stop(): void {
    clearInterval(this.#shown)
    this.#state = () => ''
    this.#clear()
  }

  #draw(): void {
    const text = this.#state()
    if (!this.#stream.isTTY || text === '') return
    const line = `${duration((performance.now() - this.#started) / 1000)}  ${text}${this.suffix}`
    this.#stream.write(`\r\x1b[K${line.slice(0, this.#stream.columns - 1)}`)
  }

  #clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K')
  }
}
