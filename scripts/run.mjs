// Runs commands, for scripts that must work before any package is installed.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')

/** Runs a command in the package's folder, with its output shown. Returns whether it succeeded. */
export function runs(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  if (result.error) console.error(`${command}: ${result.error.message}`)
  return result.status === 0
}

/** Runs one step of a build under a title. If it fails, shows its output and ends this process. */
export function step(title, command, args, cwd = root) {
  const start = performance.now()
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (result.error || result.status !== 0) {
    console.error(`${title}: failed\n$ ${command} ${args.join(' ')}`)
    console.error(result.error?.message ?? `${result.stdout}${result.stderr}`)
    process.exit(1)
  }
  console.error(`${title}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

/** Runs npm, the same one that runs this script, if any. */
export function npm(args, cwd = root) {
  const own = process.env.npm_execpath
  const all = [...args, '--no-audit', '--no-fund']
  const title = `npm ${args[0]}`
  if (own) step(title, process.execPath, [own, ...all], cwd)
  else step(title, 'npm', all, cwd)
}

/** A script of an installed package, run by this Node. */
export function tool(script) {
  return path.join(root, 'node_modules', script)
}
