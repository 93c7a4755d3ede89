// Installs the packages of the programs into a temporary folder, one for each release of Node.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { nodeRelease } from '../../scripts/nodes.mjs'
import { npm, root } from '../../scripts/run.mjs'

const here = path.join(root, 'bench', 'programs')

/** @typedef {import('./list.mjs').Program} Program */

/**
 * Installs what is missing in `folder`, and returns the releases with the programs that can run there.
 * @param {string} folder
 * @param {string[]} majors
 * @param {Program[]} programs
 */
export function install(folder, majors, programs) {
  const packages = [...new Set(programs.flatMap((one) => one.packages))]
  return majors.map((major, i) => {
    const place = path.join(folder, `node-${major}`)
    if (!existsSync(path.join(place, 'ready')))
      i === 0
        ? first(place, packages)
        : copyOf(path.join(folder, `node-${majors[0]}`), place, programs)
    cpSync(here, path.join(place, 'programs'), { recursive: true })
    const node = nodeRelease(major)
    return { major, node, place, programs: programs.filter((one) => prepare(place, node, one)) }
  })
}

function first(place, packages) {
  mkdirSync(place, { recursive: true })
  writeFileSync(path.join(place, 'package.json'), '{ "private": true }\n')
  // Scripts run below, one package at a time, so that one that fails does not prevent the others.
  npm(['install', '--ignore-scripts', ...packages], place)
  mkdirSync(path.join(place, 'ready'))
}

/** By hard links, because the packages take 700 MB. A compiler replaces the files that it makes. */
function copyOf(source, place, programs) {
  spawnSync('cp', ['-al', source, place], { stdio: 'inherit' })
  for (const { work, perRelease } of programs)
    if (perRelease) rmSync(path.join(place, 'ready', work), { force: true })
}

/** Runs what a program needs once; says why if it is then not usable. */
function prepare(place, node, { work, title, compiled = [], commands = [], build }) {
  const ready = path.join(place, 'ready', work)
  if (existsSync(ready)) return true
  const env = {
    ...process.env,
    npm_config_nodedir: path.join(path.dirname(node), '..'),
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}`,
    NEXT_TELEMETRY_DISABLED: '1',
  }
  const steps = [
    ...commands.map((name) => ['sh', '-c', `command -v ${name}`]),
    ...compiled.map((name) => ['npm', 'rebuild', name]),
    ...(build ? [[node, ...build]] : []),
  ]
  for (const [command, ...args] of steps) {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: place,
      env,
      encoding: 'utf8',
    })
    if (status === 0) continue
    console.error(`left out: ${title}: ${[command, ...args].join(' ')} failed`)
    console.error((stderr || stdout).slice(-1000))
    return false
  }
  writeFileSync(ready, '')
  return true
}

/** The versions that were installed, as name@version. */
export function versionsOf(place, programs) {
  const names = programs.flatMap((one) => one.packages.map((spec) => spec.replace(/(.)@.*$/, '$1')))
  return [...new Set(names)].map((name) => {
    const file = path.join(place, 'node_modules', name, 'package.json')
    return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`
  })
}
