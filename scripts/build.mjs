// npm run build: the addon in both forms, the standalone benchmark, its trace build, and the TypeScript.
// npm run build -- --checked: the same with the checks of native/core/base/checks.h.

import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { buildNative } from './build-native.mjs'
import { install } from './install.mjs'
import { root, step, tool } from './run.mjs'

export function build({ checked = false } = {}) {
  install()
  buildNative({ checked })
  step('TypeScript', process.execPath, [tool('typescript/bin/tsc'), '--project', '.'])
  step('bundle', process.execPath, ['scripts/bundle.mjs'])
  layPageAssets()
}

/** Copies the parts of the command line's page beside the code that writes it. */
function layPageAssets() {
  const from = path.join(root, 'lib/cli/page')
  const to = path.join(root, 'dist/cli/page')
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from).filter((name) => /\.(css|js)$/.test(name)))
    copyFileSync(path.join(from, name), path.join(to, name))
  copyFileSync(tool('chart.js/dist/chart.umd.min.js'), path.join(to, 'chart.umd.js'))
}

if (import.meta.filename === process.argv[1]) build({ checked: process.argv.includes('--checked') })
