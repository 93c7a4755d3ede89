import { readdirSync, readFileSync } from 'node:fs'

/** One process, as /proc shows it at one moment. */
export interface ProcessState {
  pid: number
  /** Start time, which distinguishes it from a later process with the same number. */
  startTicks: number
  /** Processor time of itself and of the children it has waited for. */
  cpuTicks: number
  threads: number
  /** Its anonymous pages; a page shared with other processes of the tree counts in part. */
  anonymousBytes: number
  /** Resident pages of files and of shared memory. */
  sharedBytes: number
  /** The most that was ever resident of it. */
  peakBytes: number
}

export interface TreeState {
  processes: ProcessState[]
  /** The memory of all of them; see `treeBytes`. */
  bytes: number
}

/**
 * Follows the first process of a session and all processes that it starts. A process that was seen once stays in the
 * tree when its parent ends, as a daemon's does. When the first one has ended, the rest of its session belongs to the
 * tree too: that alone finds a process that started and lost its parent between two samples.
 */
export class ProcessTree {
  readonly #root: number
  readonly #rootStart: number | undefined
  /** Start times of the processes that were alive in the last sample. */
  #known = new Map<number, number>()

  constructor(root: number) {
    this.#root = root
    this.#rootStart = readProcess(root, false)?.startTicks
  }

  sample(): TreeState {
    const found = new Map<number, ProcessState>()
    const waiting = [...this.#known.keys(), ...(this.#rootIsAlive() ? [this.#root] : this.#left())]
    const single = this.#known.size <= 1
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      if (found.has(pid)) continue
      const state = readProcess(pid, !single)
      if (!state || this.#isAnother(state)) continue
      found.set(pid, state)
      waiting.push(...childrenOf(pid))
    }
    this.#known = new Map([...found.values()].map(({ pid, startTicks }) => [pid, startTicks]))
    const processes = [...found.values()]
    return { processes, bytes: treeBytes(processes) }
  }

  #rootIsAlive(): boolean {
    const start = readProcess(this.#root, false)?.startTicks
    return start !== undefined && start === this.#rootStart
  }

  /** The session of a root that has ended. Until the session is empty the kernel gives its number to no other process. */
  #left(): number[] {
    if (readProcess(this.#root, false)) return []
    return allProcesses().filter((pid) => sessionOf(pid) === this.#root)
  }

  #isAnother({ pid, startTicks }: ProcessState): boolean {
    const known = this.#known.get(pid)
    return known !== undefined && known !== startTicks
  }
}

/**
 * The memory of the processes together: the anonymous pages of all, each counted once, and the file pages of the process
 * that has most of them. For a single process this is its RSS.
 */
export function treeBytes(
  processes: readonly Pick<ProcessState, 'anonymousBytes' | 'sharedBytes'>[],
): number {
  const anonymous = processes.reduce((sum, { anonymousBytes }) => sum + anonymousBytes, 0)
  return anonymous + Math.max(0, ...processes.map(({ sharedBytes }) => sharedBytes))
}

/** Undefined if the process has ended. */
function readProcess(pid: number, several: boolean): ProcessState | undefined {
  try {
    const fields = statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    const ticks = (index: number) => Number(fields[index - firstField])
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const anonymous = kilobytes(status, 'RssAnon')
    const proportional = several ? proportionalBytes(pid) : undefined
    return {
      pid,
      startTicks: ticks(22),
      cpuTicks: ticks(14) + ticks(15) + ticks(16) + ticks(17),
      threads: ticks(20),
      anonymousBytes: proportional ?? anonymous,
      sharedBytes: kilobytes(status, 'RssFile') + kilobytes(status, 'RssShmem'),
      peakBytes: kilobytes(status, 'VmHWM'),
    }
  } catch {
    return undefined
  }
}

/** The number that proc(5) gives the first field after the name. */
const firstField = 3

/** The fields after the name, which may hold spaces and parentheses. */
export function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function allProcesses(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

function sessionOf(pid: number): number | undefined {
  try {
    return Number(statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'))[6 - firstField])
  } catch {
    return undefined
  }
}

/** Undefined where the kernel does not tell, or not to this user. */
function proportionalBytes(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return text.includes('Pss_Anon:') ? kilobytes(text, 'Pss_Anon') : undefined
  } catch {
    return undefined
  }
}

function kilobytes(text: string, name: string): number {
  return 1024 * Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1] ?? 0)
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    )
  } catch {
    return []
  }
}

/** Processor time of all children that this process has waited for, their own children included. */
export function waitedTicks(): number {
  const fields = statFields(readFileSync('/proc/self/stat', 'utf8'))
  return Number(fields[16 - firstField]) + Number(fields[17 - firstField])
}

/** USER_HZ: the unit of the kernel's interface, independent of its clock. */
export const ticksPerSecond = 100
