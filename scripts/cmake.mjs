// CMake builds without Node's headers: the C tests, plain and under sanitizers.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { root, step } from './run.mjs'

export const jobs = String(availableParallelism())

/** Builds the C tests in `directory`. */
export function buildTests(title, directory, definitions = []) {
  const args = ['-S', '.', '-B', directory, '-DBUILD_TESTING=ON', ...definitions]
  if (!isConfigured(directory) && hasNinja()) args.push('-G', 'Ninja')
  step(`${title}: configure`, 'cmake', args)
  step(`${title}: build`, 'cmake', ['--build', directory, '--parallel', jobs])
}

function isConfigured(directory) {
  return existsSync(path.join(root, directory, 'CMakeCache.txt'))
}

function hasNinja() {
  return spawnSync('ninja', ['--version']).status === 0
}
