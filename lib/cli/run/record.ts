import { closeSync, existsSync, openSync, readSync, statSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { SuperslabError } from '../../errors'
import { magic } from '../recording/superslab'

/** The variable that tells the preload library the path of the recording. */
export const recordVariable = 'SUPERSLAB_RECORD'

/**
 * The path of the recording, which the library makes. An earlier recording there is removed; any other file is left
 * alone and refused.
 */
export function recordingPath(name: string): string {
  const file = path.resolve(name)
  if (process.platform !== 'linux') throw refused(`nothing is recorded on ${process.platform}`)
  if (!existsSync(path.dirname(file))) throw refused(`${path.dirname(file)} does not exist`)
  if (existsSync(file)) {
    if (!isRecording(file)) throw refused(`${file} exists and is not a recording`)
    unlinkSync(file)
  }
  return file
}

function isRecording(file: string): boolean {
  if (!statSync(file).isFile()) return false
  const head = Buffer.alloc(magic.length)
  const descriptor = openSync(file, 'r')
  try {
    return readSync(descriptor, head) === head.length && head.toString('latin1') === magic
  } finally {
    closeSync(descriptor)
  }
}

function refused(why: string): SuperslabError {
  return new SuperslabError('ERR_SUPERSLAB_NOT_A_RECORDING', `--record: ${why}`)
}
