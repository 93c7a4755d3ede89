// npm run build:native: builds the addon in both forms, the preload library and the standalone benchmark. In an installed
// package it first installs what the build needs; the result is preferred to the prebuilt binaries.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { jobs } from './cmake.mjs'
import { npm, root, step, tool } from './run.mjs'

const needed = ['cmake-js', 'node-addon-api', 'node-api-headers']

export function buildNative() {
  const args = ['build', '--out', 'build/native', '--parallel', jobs]
  step('addon and benchmarks', process.execPath, [tool('cmake-js/bin/cmake-js'), ...args])
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
  buildNative()
}
