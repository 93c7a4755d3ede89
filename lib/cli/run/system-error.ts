import { getSystemErrorMap } from 'node:util'
import { SuperslabError } from '../../errors'

/** The system's words for an error number of either sign. */
export function reasonOf(error: number): string {
  return getSystemErrorMap().get(-Math.abs(error))?.[1] ?? `error ${error}`
}

export function notExecutable(message: string): SuperslabError {
  return new SuperslabError('ERR_SUPERSLAB_NOT_EXECUTABLE', message)
}

export function notFound(name: string): SuperslabError {
  return new SuperslabError('ERR_SUPERSLAB_COMMAND_NOT_FOUND', `${name}: command not found`)
}

/** The error number of an error of node:fs; any other error is thrown again. */
export function numberOf(error: unknown): number {
  const { errno } = error as NodeJS.ErrnoException
  if (errno === undefined) throw error
  return errno
}
