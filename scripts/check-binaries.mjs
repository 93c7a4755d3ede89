// Fails when a binary needs a newer system library than the oldest supported one, or when one for shipping is too large;
// with --complete, also when a platform's binaries are missing.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { complaints, shippedNames } from './binaries.mjs'
import { root } from './run.mjs'

const release = path.join(root, 'build', 'Release')
const prebuilds = path.join(root, 'prebuilds')

/** The missing binaries of a release, on all platforms. */
function missing() {
  const wanted = ['x64', 'arm64'].flatMap((arch) => [
    ...['.glibc', '.musl'].flatMap((tag) => inFolder(`linux-${arch}`, 'linux', tag)),
    ...inFolder(`darwin-${arch}`, 'darwin', ''),
  ])
  return wanted
    .filter((name) => !existsSync(path.join(prebuilds, name)))
    .map((name) => `${name}: missing`)
}

function inFolder(folder, platform, tag) {
  return shippedNames(platform, tag).map((name) => `${folder}/${name}`)
}

function filesIn(folder) {
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name))
}

if (process.platform !== 'linux') {
  console.log('binaries are checked on Linux only')
} else if (!existsSync(path.join(release, 'libsuperslab.so'))) {
  console.error('nothing is built: npm run build')
  process.exitCode = 1
} else {
  const found = [
    ...filesIn(release).flatMap((file) => complaints(file, false)),
    ...filesIn(prebuilds).flatMap((file) => complaints(file, true)),
  ]
  if (process.argv.includes('--complete')) found.push(...missing())
  for (const complaint of found) console.error(complaint)
  if (found.length > 0) process.exitCode = 1
}
