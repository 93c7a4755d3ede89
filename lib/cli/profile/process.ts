import { readlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { profileFailed } from '../../profile/failure'
import { named } from '../../profile/names'
import { parseRaw } from '../../profile/raw'
import { rawEnding } from './format'
import { Session } from './session'
import { show } from './show'

export interface ProcessOptions {
  output?: string
  seconds: number
  diff?: boolean
}

const intervalBytes = 512 * 1024

/** Samples a running process for some seconds, unless it samples already, and shows what it found. */
export async function profileProcess(pid: number, options: ProcessOptions): Promise<void> {
  const { output, seconds, diff = false } = options
  const session = Session.open(pid)
  try {
    const isFresh = await session.start(intervalBytes, 1000 * seconds)
    console.error(
      `superslab: sampling process ${pid} for ${seconds} s${isFresh ? '' : '; it does so already'}`,
    )
    const before = diff ? await session.write() : undefined
    await sleep(1000 * seconds)
    const after = await session.write()
    if (output?.endsWith(rawEnding)) writeFileSync(output, after, { mode: 0o600 })
    else
      show(withNames(after, pid), before === undefined ? undefined : withNames(before, pid), output)
  } finally {
    session.close()
  }
}

function withNames(text: string, pid: number) {
  const raw = parseRaw(text, `the answer of process ${pid}`)
  return named(raw, { root: isElsewhere(pid) ? `/proc/${pid}/root` : '' })
}

/** Whether the process sees other files at the same paths, as in a container. */
function isElsewhere(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt')
  } catch (error) {
    throw profileFailed(`process ${pid} cannot be profiled: ${(error as Error).message}`)
  }
}
