import { readFileSync, realpathSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessState, ProcessTree, type TreeState } from './process-tree'

export interface Sample {
  /** Since the start. */
  seconds: number
  bytes: number
  processes: number
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
  readonly #started = performance.now()
  #isFound = false
  readonly #stopped = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(root: number, wantedFile: string | undefined) {
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
    this.samples.push({ seconds: this.seconds, bytes, processes: processes.length })
    this.peakBytes = Math.max(this.peakBytes, bytes, ...processes.map((one) => one.peakBytes))
    this.#isFound ||= processes.some(({ pid }) => isMapped(pid, this.#wanted))
  }
}

function isMapped(pid: number, file: string | undefined): boolean {
  try {
    return file !== undefined && readFileSync(`/proc/${pid}/maps`, 'utf8').includes(file)
  } catch {
    return false
  }
}
