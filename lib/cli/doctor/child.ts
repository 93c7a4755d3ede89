import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { failure } from './failure'
import { waitedTicks } from './process-tree'

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** Time for a process to end after it was asked to. */
const graceMs = 10_000
const closingMs = 1000
const errorOutputLength = 2000

/** Sessions that are ended when this process ends or is interrupted. */
const sessions = new Set<number>()
process.on('exit', () => {
  for (const session of sessions) send(-session, 'SIGKILL')
})

/** A command in a session of its own. */
export class Child {
  readonly pid: number
  readonly ended: Promise<Exit>
  exit: Exit | undefined
  /** Resources that all children of this process had used when this one had been waited for. */
  ticksAtEnd = 0
  /** The end of what it wrote to its standard error. */
  errorOutput = ''
  readonly #process: ChildProcess
  readonly #closed: Promise<void>

  private constructor(process: ChildProcess, pid: number) {
    this.pid = pid
    this.#process = process
    this.#closed = new Promise((resolve) => process.once('close', () => resolve()))
    sessions.add(pid)
    this.ended = new Promise((resolve) => {
      process.once('exit', (code, signal) => {
        this.ticksAtEnd = waitedTicks()
        this.exit = { code, signal }
        sessions.delete(pid)
        resolve(this.exit)
      })
    })
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errorOutput = (this.errorOutput + text).slice(-errorOutputLength)
    })
  }

  static async start(
    [file = '', ...args]: readonly string[],
    environment: NodeJS.ProcessEnv,
    verbose: boolean,
  ): Promise<Child> {
    const child = spawn(file, args, {
      env: environment,
      detached: true,
      stdio: ['ignore', verbose ? 2 : 'ignore', verbose ? 2 : 'pipe'],
    })
    return new Promise<Child>((resolve, reject) => {
      child.once('spawn', () => resolve(new Child(child, child.pid ?? 0)))
      child.once('error', (error) => reject(failure(`${file}: ${error.message}`, error)))
    })
  }

  /** Waits for its end, at most the time given. */
  async within(seconds: number): Promise<void> {
    await sleeping(seconds * 1000, this.ended)
  }

  /** Ends it as a supervisor would. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    for (const next of [signal, 'SIGKILL'] as const) {
      if (this.exit) return
      send(this.pid, next)
      await sleeping(graceMs, this.ended)
    }
  }

  /** Reads its output to the end, but does not wait for a process that left its tree and keeps the pipe open. */
  async close(): Promise<void> {
    await sleeping(closingMs, this.#closed)
    this.#process.stderr?.destroy()
  }
}

/** Ends processes that are no children of this one; `living` returns those that are still there. */
export async function endAll(living: () => number[], signal: NodeJS.Signals): Promise<void> {
  for (const next of [signal, 'SIGKILL'] as const) {
    const deadline = performance.now() + graceMs
    for (const pid of living()) send(pid, next)
    while (living().length > 0 && performance.now() < deadline) await sleep(20)
  }
}

/** Waits, unless `end` comes first. */
async function sleeping(ms: number, end: Promise<unknown>): Promise<void> {
  const enough = new AbortController()
  const slept = sleep(ms, undefined, { signal: enough.signal }).catch(() => {})
  await Promise.race([slept, end])
  enough.abort()
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended in between.
  }
}
