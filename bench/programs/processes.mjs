// The memory and processor time of a process and all processes below it, from Linux's /proc.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

function read(file) {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return '' // The process has ended.
  }
}

/** The process and those below it. */
export function tree(pid) {
  const all = [pid]
  for (const one of all)
    for (const thread of threadsOf(one))
      all.push(
        ...read(`/proc/${one}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
      )
  return all
}

function threadsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** MiB: anonymous and shared pages of all, and file pages of the process that has most of them. */
export function memoryOf(pids) {
  let anonymous = 0
  let file = 0
  for (const pid of pids) {
    const status = read(`/proc/${pid}/status`)
    anonymous += kibOf(status, 'RssAnon') + kibOf(status, 'RssShmem')
    file = Math.max(file, kibOf(status, 'RssFile'))
  }
  return (anonymous + file) / 1024
}

/** The largest memory that one process ever had, in MiB, as the kernel counts it. */
export function highWaterOf(pid) {
  return kibOf(read(`/proc/${pid}/status`), 'VmHWM') / 1024
}

function kibOf(status, name) {
  return Number(status.match(new RegExp(`^${name}:\\s*(\\d+)`, 'm'))?.[1] ?? 0)
}

/** Seconds of the processor that the processes took, with the ended ones that they waited for. */
export function timeOf(pids) {
  let [user, system] = [0, 0]
  for (const pid of pids) {
    const stat = read(`/proc/${pid}/stat`)
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map(Number)
    user += (fields[0] ?? 0) + (fields[2] ?? 0)
    system += (fields[1] ?? 0) + (fields[3] ?? 0)
  }
  return { user: user / ticksPerSecond, system: system / ticksPerSecond }
}
