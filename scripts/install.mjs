import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { npm, root } from './run.mjs'

/** Installs the dependencies, of which none runs a script, unless they are as new as the lock file. */
export function install() {
  if (!isCurrent()) npm(['ci', '--ignore-scripts'])
}

function isCurrent() {
  // npm writes this file last, when everything else is in place.
  const installed = path.join(root, 'node_modules', '.package-lock.json')
  const wanted = path.join(root, 'package-lock.json')
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs
}
