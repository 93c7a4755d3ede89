import { existsSync } from 'node:fs'
import { interpreterOf, isGlibcLoader } from './elf'

/**
 * The library's name in LD_PRELOAD, which only glibc's loader understands. A program for musl that inherits LD_PRELOAD
 * would not start with a library for glibc, because musl's loader ends when a symbol is missing. glibc's loader replaces
 * `$LIB` by the name of its folder of libraries, from which the dots lead back to the root. musl's loader does not know
 * `$LIB`, and ignores a name that it does not find.
 */
export function preloadName(library: string): string {
  return isGlibc() && hasLibraryFolders() ? `/$LIB/../../../..${library}` : library
}

/** For this process, which has the same C library as the binaries it uses. */
export function isGlibc(): boolean {
  if (process.platform !== 'linux') return false
  const loader = interpreterOf(process.execPath)
  return loader !== undefined && isGlibcLoader(loader)
}

/** `$LIB` is lib, lib64, or the folder in lib that holds glibc. */
function hasLibraryFolders(): boolean {
  return existsSync('/lib') && (process.arch !== 'x64' || existsSync('/lib64'))
}
