// Packs the package with this machine's binaries.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { npm, step } from './run.mjs'

/** Builds this machine's binaries and packs them; the tarball's path. */
export function pack(into) {
  step('prebuilds', process.execPath, ['scripts/prebuilds.mjs'])
  npm(['pack', '--pack-destination', into])
  const name = readdirSync(into).find((one) => one.endsWith('.tgz'))
  return path.join(into, name)
}

/** An empty folder with a package.json, into which packages can be installed. */
export function emptyProject(folder) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n')
}
