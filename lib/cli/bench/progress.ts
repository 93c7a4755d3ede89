import { Presets, SingleBar } from 'cli-progress'

const patienceMs = 2000

/** A progress bar, on a terminal only, and not for work of a moment. */
export class Progress {
  readonly #started = performance.now()
  readonly #total: number
  #done = 0
  #bar: SingleBar | undefined

  constructor(total: number) {
    this.#total = total
  }

  advance(label: string): void {
    this.#done++
    if (this.#bar) this.#bar.update(this.#done, { label })
    else if (process.stderr.isTTY && performance.now() - this.#started > patienceMs)
      this.#show(label)
  }

  stop(): void {
    this.#bar?.stop()
  }

  #show(label: string): void {
    const format = '{bar} {value}/{total} {eta_formatted} {label}'
    const options = { format, stream: process.stderr, clearOnComplete: true, barsize: 30 }
    this.#bar = new SingleBar(options, Presets.shades_classic)
    this.#bar.start(this.#total, this.#done, { label })
  }
}
