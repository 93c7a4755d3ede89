import { SuperslabError } from '../errors'

export function notAProfile(file: string, why: string): SuperslabError {
  return new SuperslabError('ERR_SUPERSLAB_NOT_A_PROFILE', `${file} ${why}`)
}

export function damaged(file: string, line: number, why: string): SuperslabError {
  const message = `${file} is damaged in line ${line}: ${why}`
  return new SuperslabError('ERR_SUPERSLAB_PROFILE_DAMAGED', message)
}

export function profileFailed(why: string, options?: ErrorOptions): SuperslabError {
  return new SuperslabError('ERR_SUPERSLAB_PROFILE_FAILED', why, options)
}
