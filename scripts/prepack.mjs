// Runs before npm pack and npm publish in the repository, and fails without binaries or dist: the package would not work.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { shippedNames } from './binaries.mjs'
import { root } from './run.mjs'

/** The missing binaries of a folder of prebuilds: a C library with one binary there needs all of them. */
function lacks(folder) {
  const [platform] = folder.split('-')
  const present = readdirSync(path.join(root, 'prebuilds', folder))
  const tags = new Set(present.map((name) => name.match(/\.(glibc|musl)\b/)?.[0] ?? ''))
  return [...tags]
    .flatMap((tag) => shippedNames(platform, tag))
    .filter((name) => !present.includes(name))
    .map((name) => `prebuilds/${folder}/${name}`)
}

function complaint() {
  const prebuilds = path.join(root, 'prebuilds')
  const folders = existsSync(prebuilds) ? readdirSync(prebuilds) : []
  if (folders.length === 0)
    return 'prebuilds/ has no binaries, so the package could not be loaded; run `npm run build:prebuilds` first'
  const missing = folders.flatMap(lacks)
  if (missing.length > 0)
    return `${missing.join(', ')} missing; run \`npm run build:prebuilds\` again`
  if (!existsSync(path.join(root, 'dist', 'index.js')))
    return 'dist/ is not built; run `npm run build` first'
  return undefined
}

const reason = complaint()
if (reason) {
  console.error(`superslab cannot be packed: ${reason}`)
  process.exitCode = 1
}
