import { existsSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { SuperslabError } from '../../errors'
import { type Level, levelName, preloadFile, preloadPath } from '../../preload'

/** An allocator to measure: superslab, the system's malloc, or a library that replaces the system's malloc. */
export interface Allocator {
  name: string
  library?: string
}

export const superslab: Allocator = { name: 'superslab' }
/** The same core as the process's malloc, as in most programs. */
export const preloaded = 'superslab-preloaded'
/** The denominator of every ratio. */
export const system: Allocator = { name: 'system' }

const libraries: Record<string, RegExp> = {
  mimalloc: /^libmimalloc(-secure)?\.(so|dylib)(\.[\d.]+)?$/,
  mimalloc3: /^libmimalloc(-secure)?\.(so|dylib)(\.[\d.]+)?$/,
  jemalloc: /^libjemalloc\.(so|dylib)(\.[\d.]+)?$/,
  tcmalloc: /^libtcmalloc(_minimal)?\.(so|dylib)(\.[\d.]+)?$/,
  rpmalloc: /^librpmalloc(wrap)?\.(so|dylib)(\.[\d.]+)?$/,
  snmalloc: /^libsnmalloc(shim)?\.(so|dylib)(\.[\d.]+)?$/,
}

/** Names of which two generations are in use: the first number of the file's version decides. */
const generations: Record<string, (major: number | undefined) => boolean> = {
  mimalloc3: (major) => major === 3,
  mimalloc: (major) => major !== 3,
}

export const peerNames: readonly string[] = Object.keys(libraries)

/** superslab's own libraries with checks, which are measured only when they are named. */
const hardened = new Map(
  ([1, 2] as const).map((level): [string, Level] => [levelName(level), level]),
)

export function isOwn(name: string): boolean {
  return name === superslab.name || name === preloaded || hardened.has(name)
}

/** Where a known allocator is installed. */
export function installedLibrary(name: string, places = directories()): string | undefined {
  const isRight = generations[name] ?? (() => true)
  for (const directory of places) {
    const file = readdirSync(directory)
      .sort()
      .filter((entry) => libraries[name]?.test(entry))
      .map((entry) => path.join(directory, entry))
      .find((entry) => isRight(majorOf(entry)))
    if (file) return file
  }
  return undefined
}

/** Of the file that a link without a version leads to. */
function majorOf(file: string): number | undefined {
  const text = realpathSync(file).match(/\.(?:so\.)?(\d+)[\d.]*(?:\.dylib)?$/)?.[1]
  return text === undefined ? undefined : Number(text)
}

/** superslab as the preload library, where that can be told from the system's malloc. */
export function preloadedForm(): Allocator[] {
  return process.platform === 'linux' ? [{ name: preloaded, library: preloadPath() }] : []
}

/** superslab in all its forms, the system's malloc, and those of `names`: known names or paths of libraries. */
export function contestants(
  names: readonly string[],
  forms: readonly Allocator[] = [],
): Allocator[] {
  const others = names.filter((name) => name !== system.name && name !== superslab.name)
  return [superslab, ...forms, system, ...others.map(peer)]
}

function peer(name: string): Allocator {
  if (name.includes(path.sep)) return { name: path.basename(name), library: checked(name) }
  const level = hardened.get(name)
  if (level !== undefined) return { name, library: preloadPath(preloadFile(undefined, level)) }
  const known = [system.name, ...hardened.keys(), ...peerNames].join(', ')
  if (!(name in libraries)) throw failure(`${name}: give one of ${known}, or the path of a library`)
  const library = installedLibrary(name)
  if (library) return { name, library }
  throw failure(
    `${name} is not installed in ${directories().join(', ')}; give the path of its library`,
  )
}

function checked(file: string): string {
  if (!existsSync(file)) throw failure(`${file} does not exist`)
  // The dynamic linker splits its list there, and has no way to quote.
  if (/[\s:]/.test(file)) throw failure(`${file}: the path must be free of spaces and colons`)
  return path.resolve(file)
}

function directories(): string[] {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const places = [
    '/usr/local/lib',
    `/usr/lib/${machine}-linux-gnu`,
    '/usr/lib64',
    '/usr/lib',
    '/opt/homebrew/lib',
  ]
  return places.filter((place) => existsSync(place))
}

function failure(message: string): SuperslabError {
  return new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', message)
}
