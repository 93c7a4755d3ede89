// npm run build:native: builds the addon in both forms, the preload library and the standalone benchmark. In an installed
// package it first installs what the build needs; the result is preferred to the prebuilt binaries.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { jobs } from './cmake.mjs'
import { npm, root, step, tool } from './run.mjs'

const needed = ['cmake-js', 'node-addon-api', 'node-api-headers']

const directory = 'build/native'

/** `checked`: with the checks of native/core/base/checks.h. */
export function buildNative({ checked = false } = {}) {
  const value = checked ? 'ON' : 'OFF'
  const args = ['--out', directory, '--parallel', jobs, `--CDSUPERSLAB_CHECKED=${value}`]
  const cmake = (command) =>
    step(`addon and benchmarks: ${command}`, process.execPath, [
      ...[tool('cmake-js/bin/cmake-js'), command, ...args],
    ])
  // cmake-js configures a folder once, and not again when a definition changes.
  if (![undefined, value].includes(configured('SUPERSLAB_CHECKED'))) cmake('configure')
  cmake('build')
}

/** A variable of the build that is there, or undefined. */
function configured(name) {
  const cache = path.join(root, directory, 'CMakeCache.txt')
  if (!existsSync(cache)) return undefined
  return readFileSync(cache, 'utf8').match(new RegExp(`^${name}:\\w+=(.*)$`, 'm'))?.[1]
}

function bringNeeded() {
  const missing = needed.filter((name) => !existsSync(tool(name)))
  if (missing.length === 0) return
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const packages = missing.map((name) => `${name}@${devDependencies[name]}`)
  npm(['install', '--no-save', '--no-package-lock', '--ignore-scripts', '--omit=dev', ...packages])
}

if (import.meta.filename === process.argv[1]) {
  bringNeeded()
  buildNative({ checked: process.argv.includes('--checked') })
}
