import { readFileSync, realpathSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessState, ProcessTree, type TreeState, ticksPerSecond } from './process-tree'
import { Sight } from './sightings'

export interface Sample {
  /** Since the start. */
  seconds: number
  bytes: number
  processes: number
  threads: number
  /** Processor time of all processes so far. */
  cpuSeconds: number
}

/** Share of a processor that looking may take. */
const lookingShare = 0.05

/** Looks at the processes of a command repeatedly until it is stopped. */
export class Recorder {
  readonly samples: Sample[] = []
  /** Peak of resident memory: of the whole tree at a look, or of one process between two looks. */
  peakBytes = 0
  /** A file that one of the processes must have mapped. */
  readonly #wanted: string | undefined
  readonly #tree: ProcessTree
  /** Looks at what is mapped too, which takes more time. */
  readonly sight: Sight | undefined
  readonly #started = performance.now()
  #isFound = false
  readonly #stopped = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(root: number, wantedFile: string | undefined, looksInside = false) {
    this.sight = looksInside ? new Sight() : undefined
    this.#tree = new ProcessTree(root)
    this.#wanted = wantedFile && realpathSync(wantedFile)
  }

  start(intervalMs: number): void {
    this.#loop = this.#run(intervalMs)
  }

  /** Looks once more: on a busy machine there may have been no look at a short command. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#loop
    this.#keep(this.#tree.sample())
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000
  }

  /** Whether a process had the wanted file mapped. */
  get isFound(): boolean {
    return this.#isFound || this.#wanted === undefined
  }

  /** The last reading. */
  get last(): Sample | undefined {
    return this.samples.at(-1)
  }

  /** Seconds since the processes last took more than a small share of a processor; see `idleFrom`. */
  get idleSeconds(): number {
    const { seconds } = this
    return seconds - (idleFrom(this.samples) ?? seconds)
  }

  get #cpuSeconds(): number {
    return this.last?.cpuSeconds ?? 0
  }

  /** The processes that are alive now. */
  living(): ProcessState[] {
    return this.#tree.sample().processes
  }

  async #run(intervalMs: number): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      const before = performance.now()
      const usage = process.cpuUsage()
      this.#keep(this.#tree.sample())
      const { user, system } = process.cpuUsage(usage)
      const used = (user + system) / 1000
      const pause = Math.max(intervalMs - (performance.now() - before), used / lookingShare)
      await sleep(pause, undefined, { signal }).catch(() => {})
    }
  }

  #keep({ processes, bytes }: TreeState): void {
    if (processes.length === 0) return
    const sum = (of: (one: ProcessState) => number) =>
      processes.reduce((all, one) => all + of(one), 0)
    this.samples.push({
      seconds: this.seconds,
      bytes,
      processes: processes.length,
      threads: sum(({ threads }) => threads),
      // A process that ended and was not waited for takes its time with it.
      cpuSeconds: Math.max(this.#cpuSeconds, sum(({ cpuTicks }) => cpuTicks) / ticksPerSecond),
    })
    this.sight?.look({ processes, bytes })
    this.peakBytes = Math.max(this.peakBytes, bytes, ...processes.map((one) => one.peakBytes))
    this.#isFound ||= processes.some(({ pid }) => isMapped(pid, this.#wanted))
  }
}

/** A program that idles may still have a timer. */
const idleShare = 0.05

/**
 * When the processes began to idle: from the reading on, they took at most a twentieth of a processor until the last
 * one. Undefined if they still work.
 */
export function idleFrom(samples: readonly Sample[]): number | undefined {
  const last = samples.at(-1)
  if (!last) return undefined
  let from: number | undefined
  for (const { seconds, cpuSeconds } of samples.toReversed()) {
    const passed = last.seconds - seconds
    // A tick of the clock is no work.
    if (last.cpuSeconds - cpuSeconds > idleShare * passed + 1 / ticksPerSecond) break
    from = seconds
  }
  return from
}

function isMapped(pid: number, file: string | undefined): boolean {
  try {
    return file !== undefined && readFileSync(`/proc/${pid}/maps`, 'utf8').includes(file)
  } catch {
    return false
  }
}
