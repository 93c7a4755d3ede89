import { closeSync, openSync, renameSync, rmSync } from 'node:fs'
import { addon } from '../addon'
import { isCommand } from '../children'

/** The profile at the end of a program, in the place of the one that the library would write later. */
export function writeLast(): void {
  const file = target()
  if (file === undefined || !addon.active || !addon.profileRunning()) return
  const part = `${file}.part`
  try {
    const descriptor = openSync(part, 'wx', 0o600)
    const error = addon.profileWrite(descriptor)
    closeSync(descriptor)
    if (error !== 0) throw new Error(addon.profileErrorName(error))
    renameSync(part, file)
    // The library writes at its end only while it samples.
    addon.profileStop()
  } catch {
    // It writes its own then.
    rmSync(part, { force: true })
  }
}

/** As native/preload/profile.c names it: the command has the file itself, other processes add their number. */
function target(): string | undefined {
  const file = process.env.SUPERSLAB_PROFILE?.split(',')[0]
  if (!file) return undefined
  const own = isCommand(process.env.SUPERSLAB_CHILDREN, process.pid)
  return own ? file : `${file}.${process.pid}`
}
