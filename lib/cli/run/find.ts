import { accessSync, constants, type Stats, statSync } from 'node:fs'
import path from 'node:path'
import { notExecutable, notFound, numberOf, reasonOf } from './system-error'

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
  throw notFound(name)
}

function checkRunnable(file: string, name: string): string {
  const found = examine(file)
  if (found === undefined) throw notFound(name)
  if (typeof found === 'number') throw notExecutable(`${file} cannot be run: ${reasonOf(found)}`)
  if (!found.isFile() || !isExecutable(file)) throw notExecutable(`${file} is not executable`)
  return file
}

/** As in shells, a folder that cannot be searched, or is none, does not have the file. */
function isFile(file: string): boolean {
  const found = examine(file)
  return typeof found === 'object' && found.isFile()
}

/** Undefined if there is no such file; the error's number if it cannot be examined. */
function examine(file: string): Stats | number | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })
  } catch (error) {
    return numberOf(error)
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
