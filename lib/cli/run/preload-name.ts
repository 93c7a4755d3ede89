import { existsSync } from 'node:fs'
import { interpreterOf, isGlibcLoader } from './elf'

/**
 * How glibc's loader is told a library's name. A program for musl that inherits LD_PRELOAD would not start with a
 * library for glibc: musl's loader ends where a symbol is missing. glibc's loader puts the name of its folder of
 * libraries for `$LIB`, from which the dots lead back to the root; musl's loader knows no such word, and passes over a
 * name that it does not find.
 */
export function preloadName(library: string): string {
  return isGlibc() && hasLibraryFolders() ? `/$LIB/../../../..${library}` : library
}

/** Of this process, whose C library is that of the binaries it uses. */
export function isGlibc(): boolean {
  if (process.platform !== 'linux') return false
  const loader = interpreterOf(process.execPath)
  return loader !== undefined && isGlibcLoader(loader)
}

/** `$LIB` is lib, lib64, or a folder in lib in which glibc itself is. */
function hasLibraryFolders(): boolean {
  return existsSync('/lib') && (process.arch !== 'x64' || existsSync('/lib64'))
}
