import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { type Allocator, isOwn } from './allocators'
import type { Environment } from './machine'

/** The version of each measured allocator, as exactly as this system can tell. */
export function versions(
  allocators: readonly Allocator[],
  { superslab: own, commit, libc }: Environment,
): Record<string, string> {
  return Object.fromEntries(
    allocators.map(({ name, library }) => {
      if (isOwn(name)) return [name, [own, commit].filter(Boolean).join(' ')]
      return [name, library ? libraryVersion(realpathSync(library)) : libc]
    }),
  )
}

/** The version of the system's package that the file is from, else the file's name, which usually ends in a number. */
function libraryVersion(file: string): string {
  try {
    const owner = dpkg('--search', file).split(':', 1)[0] ?? ''
    const [, version] = dpkg('--show', owner).trim().split('\t')
    return `${owner} ${version}`
  } catch {
    return path.basename(file)
  }
}

function dpkg(...args: string[]): string {
  return execFileSync('dpkg-query', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}
