// Fails when a binary that was built asks for a newer system library than the oldest one it is meant for, or what is
// to be shipped is larger than it may be.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { complaints } from './binaries.mjs'
import { root } from './run.mjs'

const release = path.join(root, 'build', 'Release')
const prebuilds = path.join(root, 'prebuilds')

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
  for (const complaint of found) console.error(complaint)
  if (found.length > 0) process.exitCode = 1
}
