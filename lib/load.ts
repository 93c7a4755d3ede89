import { existsSync } from 'node:fs'
import path from 'node:path'
import { codes, SuperslabError } from './errors'
import { ownLibc } from './libc'
import { packageRoot } from './paths'

/**
 * Loads the addon of the package in `root`. It uses initial-exec thread-local storage. A process with many libraries may
 * have no space left for that, and musl has none for a library that is loaded later. Then the other build is loaded.
 */
export function load(root: string = packageRoot): unknown {
  const file = addonFile(root)
  try {
    return require(file)
  } catch (error) {
    if (!isTlsSpent(error)) throw loadFailure([file], error)
  }
  // The same addon with pthread_getspecific in place of initial-exec thread-local storage.
  const fallback = besideAddon(file, 'superslab_tls_dynamic', '.node')
  try {
    return require(fallback)
  } catch (error) {
    throw loadFailure([file, fallback], error)
  }
}

/** Recognises the messages of glibc and of musl. */
export function isTlsSpent(error: unknown): boolean {
  return error instanceof Error && /static TLS|initial-exec TLS/.test(error.message)
}

/** The path of another binary of the package: beside the addon, with the same C library in its name, if any. */
export function companionFile(name: string, extension = ''): string {
  return besideAddon(addonFile(), name, extension)
}

/** The path of a binary for the C library that node does not use; its name says which one that is. */
export function otherLibcFile(name: string): string {
  const built = `${packageRoot}/build/Release/${name}`
  return exists(built)
    ? built
    : `${packageRoot}/prebuilds/${process.platform}-${process.arch}/${name}`
}

function besideAddon(addon: string, name: string, extension: string): string {
  const libc = path.basename(addon, '.node').split('.')[1]
  return path.join(path.dirname(addon), `${name}${libc ? `.${libc}` : ''}${extension}`)
}

/** The path of the addon. One that was built here comes before the one that was shipped. */
export function addonFile(root: string = packageRoot): string {
  const shipped = `${root}/prebuilds/${process.platform}-${process.arch}`
  const places = [`${shipped}/superslab${libcName()}.node`]
  if (!process.env.PREBUILDS_ONLY) places.unshift(`${root}/build/Release/superslab.node`)
  return places.find(exists) ?? resolved(root, places)
}

/** An addon with another name, as prebuildify gives one for a version of Node or of a processor, or node-gyp. */
function resolved(root: string, tried: string[]): string {
  try {
    const resolver = require('node-gyp-build') as { resolve(root: string): string }
    return resolver.resolve(root)
  } catch (error) {
    throw loadFailure(tried, error)
  }
}

/** Under --permission some versions of Node throw for a file that may not be read. */
function exists(file: string): boolean {
  try {
    return existsSync(file)
  } catch {
    return false
  }
}

/** The part of a file's name that says which C library a binary is for. */
function libcName(): string {
  return process.platform === 'linux' ? `.${ownLibc()}` : ''
}

function loadFailure(tried: string[], cause: unknown): SuperslabError {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_SUPERSLAB_INCOMPATIBLE_COPY')
    return new SuperslabError('ERR_SUPERSLAB_INCOMPATIBLE_COPY', cause.message, { cause })
  const lines = [
    `${codes.ERR_SUPERSLAB_LOAD_FAILED} on ${platformName()}.`,
    'Tried:',
    ...tried.map((file) => `  ${file}`),
    `Because: ${firstLine(cause)}`,
    ...(flagFix(tried, cause) ?? buildFix),
  ]
  return new SuperslabError('ERR_SUPERSLAB_LOAD_FAILED', lines.join('\n'), { cause })
}

const buildFix = [
  'Fix: install superslab again on this machine, or build it: npm explore superslab -- npm run build:native',
  '(needs CMake 3.21 or newer and a C and C++ compiler).',
]

/** The advice for a flag of Node that keeps a sound addon from being loaded; undefined if there is no such flag. */
function flagFix(tried: string[], cause: unknown): string[] | undefined {
  const { permission } = process as {
    permission?: { has(scope: string, reference?: string): boolean }
  }
  const unreadable = permission && tried.filter((file) => !permission.has('fs.read', file))
  if (unreadable && unreadable.length > 0)
    return [`Fix: run node with --allow-fs-read=${packageRoot}/ too: --permission hides the addon.`]
  if ((cause as { code?: unknown } | null)?.code !== 'ERR_DLOPEN_DISABLED') return undefined
  return permission
    ? ['Fix: run node with --allow-addons too: --permission refuses native addons without it.']
    : ['Fix: run node without --no-addons, which refuses native addons.']
}

function platformName(): string {
  return `${process.platform}-${process.arch}, Node ${process.version}`
}

function firstLine(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  return message.split('\n', 1)[0] ?? message
}
