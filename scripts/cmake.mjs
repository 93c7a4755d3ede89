// The plain CMake builds, which need no Node: the C tests, as they are and under sanitizers. What each is made with
// stands in CMakePresets.json; `cmake --preset NAME && cmake --build --preset NAME` makes the same.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { root, step } from './run.mjs'

export const jobs = String(availableParallelism())

/** Builds what a build preset says, with its configure preset; the folder it is in. */
export function buildPreset(title, name) {
  const directory = configurePreset(title, named(readPresets().buildPresets, name).configurePreset)
  step(`${title}: build`, 'cmake', ['--build', '--preset', name, '--parallel', jobs])
  return directory
}

/** Configures, and writes compile_commands.json; the folder it is in. */
export function configurePreset(title, name) {
  const directory = folderOf(named(readPresets().configurePresets, name))
  const args = ['--preset', name]
  if (!isConfigured(directory) && hasNinja()) args.push('-G', 'Ninja')
  step(`${title}: configure`, 'cmake', args)
  return directory
}

/** A cache variable of a configure preset. */
export function presetVariable(name, variable) {
  return named(readPresets().configurePresets, name).cacheVariables[variable]
}

function readPresets() {
  return JSON.parse(readFileSync(path.join(root, 'CMakePresets.json'), 'utf8'))
}

function named(presets, name) {
  const found = presets.find((one) => one.name === name)
  if (found === undefined) throw new Error(`CMakePresets.json has no preset ${name}`)
  return found
}

/** Relative to the package's folder. */
function folderOf({ binaryDir }) {
  return binaryDir.replace(/^\$\{sourceDir\}\//, '')
}

function isConfigured(directory) {
  return existsSync(path.join(root, directory, 'CMakeCache.txt'))
}

function hasNinja() {
  return spawnSync('ninja', ['--version']).status === 0
}
