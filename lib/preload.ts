import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, symlinkSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { codes, SuperslabError } from './errors'
import { type Libc, ownLibc } from './libc'
import { companionFile, otherLibcFile } from './load'

const isDarwin = process.platform === 'darwin'

/** The variable by which the system's loader is told what to preload. */
export const preloadVariable = isDarwin ? 'DYLD_INSERT_LIBRARIES' : 'LD_PRELOAD'

/** How many checks a preload library makes: 0 is the default library, 1 and 2 are the hardened ones. */
export type Level = 0 | 1 | 2

/** The name of superslab at a level, among allocators; the library's file is `lib` and this. */
export function levelName(level: Level): string {
  return ['superslab', 'superslab-hardened', 'superslab-hardened2'][level] as string
}

/** The preload library of this package for a C library, by default node's. */
export function preloadFile(libc: Libc = ownLibc(), level: Level = 0): string {
  const code = 'ERR_SUPERSLAB_PRELOAD_FAILED'
  if (isDarwin && level > 0)
    throw new SuperslabError(code, `${codes[code]}: there is no hardened library for macOS`)
  const name = `lib${levelName(level)}`
  const file =
    isDarwin || libc === ownLibc()
      ? companionFile(name, isDarwin ? '.dylib' : '.so')
      : otherLibcFile(`${name}.${libc}.so`)
  if (existsSync(file)) return file
  throw new SuperslabError(code, `${codes[code]}: there is no ${file}`)
}

/** The loader splits its list at blanks and colons and expands `$`; no quoting prevents it. */
export function isPreloadable(file: string): boolean {
  return !/[\s:;$]/.test(file)
}

/**
 * A path of the library that the loader accepts. For one that it would split, a symbolic link is made: a link costs
 * nothing, stays valid when the package is updated in place, and serves processes that start later, which a descriptor
 * of this process would not.
 */
export function preloadPath(file: string = preloadFile()): string {
  if (isPreloadable(file)) return file
  const folder = linkFolders().find(isSafeFolder)
  if (!folder) {
    const code = 'ERR_SUPERSLAB_PRELOAD_FAILED'
    const message = `${codes[code]}: ${file} has a character at which the loader ends a path`
    throw new SuperslabError(code, `${message}, and no folder for a link to it was found`)
  }
  return link(file, folder)
}

/** This user's folders, in the order of preference: a process that runs long should not depend on a temporary folder. */
function linkFolders(): string[] {
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache')
  return [path.join(cache, 'superslab'), path.join(tmpdir(), `superslab-${process.getuid?.()}`)]
}

/** Whether no other user can put another library into the folder. */
function isSafeFolder(folder: string): boolean {
  if (!isPreloadable(folder)) return false
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = lstatSync(folder)
    return lstatSync(folder).isDirectory() && uid === process.getuid?.() && (mode & 0o022) === 0
  } catch {
    return false
  }
}

function link(file: string, folder: string): string {
  const place = path.join(folder, linkName(file))
  replaceLink(place, file)
  return place
}

function linkName(file: string): string {
  const name = createHash('sha256').update(file).digest('hex').slice(0, 16)
  return `libsuperslab-${name}${path.extname(file)}`
}

function replaceLink(place: string, file: string): void {
  if (readLink(place) === file) return
  // Renamed into place, so that no process finds it missing.
  const fresh = `${place}.${process.pid}`
  symlinkSync(file, fresh)
  renameSync(fresh, place)
}

/**
 * A name in LD_PRELOAD by which a program for musl gets its library, and a program for glibc that it starts gets its own:
 * musl's loader takes `$LIB` as it is, glibc's replaces it by the name of its folder of libraries. A program for glibc
 * that met musl's library would not start. Undefined if no folder for the links was found.
 */
export function nameForBoth(musl: string, glibc: string | undefined): string | undefined {
  const folder = linkFolders().find(isSafeFolder)
  if (!folder) return undefined
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const folders = ['lib', 'lib64', `lib/${machine}-linux-gnu`]
  const places = [['$LIB', musl], ...folders.map((name) => [name, glibc])]
  for (const [name = '', file] of places) {
    const place = path.join(folder, name)
    mkdirSync(place, { recursive: true, mode: 0o700 })
    if (file !== undefined) replaceLink(path.join(place, linkName(musl)), file)
  }
  return path.join(folder, '$LIB', linkName(musl))
}

function readLink(place: string): string | undefined {
  try {
    return readlinkSync(place)
  } catch {
    return undefined
  }
}
