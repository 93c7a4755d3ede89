import { SuperslabError } from '../../errors'

export function failure(message: string, cause?: unknown): SuperslabError {
  return new SuperslabError('ERR_SUPERSLAB_DOCTOR_FAILED', message, { cause })
}
