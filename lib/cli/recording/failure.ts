import { SuperslabError } from '../../errors'

export function notARecording(file: string, why: string): SuperslabError {
  return new SuperslabError('ERR_SUPERSLAB_NOT_A_RECORDING', `${file} ${why}`)
}

export function damaged(file: string, where: number, why: string): SuperslabError {
  const message = `${file} is damaged at byte ${where}: ${why}`
  return new SuperslabError('ERR_SUPERSLAB_RECORDING_DAMAGED', message)
}
