// Fails when a built binary asks for a newer system library than the oldest one it is meant for. A compiler on a
// new system binds to new versions of old functions without a word.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

/** What the distributions with glibc 2.28 have. */
const newest = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11', GCC: '8.0.0' }

function isNewer(version, limit) {
  const [a, b] = [version, limit].map((text) => text.split('.').map(Number))
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) > (b[i] ?? 0)
  return false
}

function tooNew(file) {
  const symbols = execFileSync('objdump', ['-T', file], { encoding: 'utf8' })
  const found = symbols.matchAll(/\(?([A-Z]+)_([\d.]+)\)?\s+(?:\.hidden\s+)?(\S+)$/gm)
  return [...found]
    .filter(([, library, version]) => newest[library] && isNewer(version, newest[library]))
    .map(([, library, version, symbol]) => `${symbol} needs ${library}_${version}`)
}

const directory = path.join(root, 'build', 'Release')
if (process.platform !== 'linux') {
  console.log('symbol versions are checked on Linux only')
} else if (!existsSync(directory)) {
  console.error('nothing is built: npm run build')
  process.exitCode = 1
} else {
  // Programs are left out: their very entry point is bound to the system they were linked on.
  const names = readdirSync(directory).filter((file) => /\.(node|so)$/.test(file))
  if (!names.includes('libsuperslab.so')) throw new Error('libsuperslab.so is not built')
  for (const name of names) {
    const complaints = tooNew(path.join(directory, name))
    for (const complaint of complaints) console.error(`${name}: ${complaint}`)
    if (complaints.length > 0) process.exitCode = 1
  }
}
