// Checks a binary for shipping: it must be small, stripped, and load with an old system's libraries. A compiler on a new
// system silently binds to new versions of old functions.
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** The versions of the distributions with glibc 2.28. */
const newest = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11', GCC: '8.0.0' }

const LIMIT_BYTES = 320 * 1024

function isNewer(version, limit) {
  const [a, b] = [version, limit].map((text) => text.split('.').map(Number))
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) > (b[i] ?? 0)
  return false
}

function isElf(file) {
  return readFileSync(file).subarray(1, 4).toString('latin1') === 'ELF'
}

function readelf(option, file) {
  return execFileSync('readelf', ['--wide', option, file], { encoding: 'utf8' })
}

function tooNew(file) {
  const found = readelf('--dyn-syms', file).matchAll(/ UND (\S+?)@([A-Z]+)_([\d.]+)/g)
  return [...found]
    .filter(([, , library, version]) => newest[library] && isNewer(version, newest[library]))
    .map(([, symbol, library, version]) => `${symbol} needs ${library}_${version}`)
}

export function stripped(file) {
  return isElf(file) ? !readelf('--sections', file).includes(' .symtab ') : false
}

/** The faults of a binary; size and symbols are checked only if it is shipped. */
export function complaints(file, isShipped) {
  const found = []
  // Programs are left out: their entry point is bound to the system that they were linked on.
  if (/\.(node|so)$/.test(file) && isElf(file)) found.push(...tooNew(file))
  if (isShipped && statSync(file).size > LIMIT_BYTES) found.push(`larger than ${LIMIT_BYTES} bytes`)
  if (isShipped && isElf(file) && !stripped(file)) found.push('not stripped')
  return found.map((text) => `${path.basename(file)}: ${text}`)
}

/** The preload libraries, without what their names end in. Those with checks are for Linux. */
export function preloadNames(platform) {
  const hardened = ['libsuperslab-hardened', 'libsuperslab-hardened2']
  return ['libsuperslab', ...(platform === 'linux' ? hardened : [])]
}

/** The binaries of a package for one platform and, on Linux, one C library, which `tag` names. */
export function shippedNames(platform, tag) {
  const library = platform === 'darwin' ? '.dylib' : '.so'
  const addons = ['superslab', 'superslab_tls_dynamic'].map((name) => `${name}${tag}.node`)
  const programs = ['superslab-bench', 'superslab-bench-trace'].map((name) => `${name}${tag}`)
  return [
    ...addons,
    ...preloadNames(platform).map((name) => `${name}${tag}${library}`),
    ...programs,
  ]
}
