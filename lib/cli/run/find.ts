import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { SuperslabError } from '../../errors'

/** The file that a shell would run for this name. */
export function findCommand(name: string, searchPath = process.env.PATH ?? ''): string {
  if (name.includes('/')) return checkRunnable(name, name)
  let refused: string | undefined
  for (const folder of searchPath.split(':')) {
    const file = path.join(folder || '.', name)
    if (!isFile(file)) continue
    if (isExecutable(file)) return file.includes('/') ? file : `./${file}`
    refused ??= file
  }
  if (refused) return checkRunnable(refused, name)
  throw new SuperslabError('ERR_SUPERSLAB_COMMAND_NOT_FOUND', `${name}: command not found`)
}

function checkRunnable(file: string, name: string): string {
  if (!isFile(file) && !isFolder(file))
    throw new SuperslabError('ERR_SUPERSLAB_COMMAND_NOT_FOUND', `${name}: command not found`)
  if (isFolder(file) || !isExecutable(file))
    throw new SuperslabError('ERR_SUPERSLAB_NOT_EXECUTABLE', `${file} is not executable`)
  return file
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
