import { existsSync } from 'node:fs'
import { type Libc, ownLibc } from '../../libc'
import { type Level, nameForBoth, preloadFile } from '../../preload'

/**
 * The library's name in LD_PRELOAD, so that a program for the other C library that inherits it still starts.
 *
 * musl's loader ends when a symbol of a library for glibc is missing. glibc's loader replaces `$LIB` by the name of its
 * folder of libraries, from which the dots lead back to the root. musl's loader does not know `$LIB`, and ignores a name
 * that it does not find. glibc's loader ends when it finds no musl: where there may be programs for glibc, a name leads
 * each loader to its own library.
 */
export function preloadName(library: string, libc: Libc = ownLibc(), level: Level = 0): string {
  if (process.platform !== 'linux') return library
  if (libc === 'glibc') return hasLibraryFolders() ? `/$LIB/../../../..${library}` : library
  return hasGlibc() ? (nameForBoth(library, libraryForGlibc(level)) ?? library) : library
}

/** `$LIB` is lib, lib64, or the folder in lib that holds glibc. */
function hasLibraryFolders(): boolean {
  return existsSync('/lib') && (process.arch !== 'x64' || existsSync('/lib64'))
}

function hasGlibc(): boolean {
  const loader =
    process.arch === 'arm64' ? '/lib/ld-linux-aarch64.so.1' : '/lib64/ld-linux-x86-64.so.2'
  return ownLibc() === 'glibc' || existsSync(loader)
}

function libraryForGlibc(level: Level): string | undefined {
  try {
    return preloadFile('glibc', level)
  } catch {
    return undefined
  }
}
