import { type SpawnOptions, spawn } from 'node:child_process'
import path from 'node:path'

export const main = path.resolve('dist/cli/main.js')

export interface Ended {
  pid: number
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

/** Runs a program to its end; a fourth descriptor and more may be passed in `stdio`. */
export function ended(command: string, args: string[], options: SpawnOptions = {}): Promise<Ended> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const text = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => {
    text.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    text.stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ pid: child.pid ?? 0, code, signal, ...text }))
  })
}

/** `superslab run` with these arguments. */
export function run(args: string[], options: SpawnOptions = {}): Promise<Ended> {
  return ended(process.execPath, [main, 'run', ...args], options)
}

/** The environment without the variables of a served process. */
export function plainEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(LD_PRELOAD|SUPERSLAB_.*|DYLD_INSERT_LIBRARIES)$/.test(name),
  )
  return { ...Object.fromEntries(kept), ...more }
}
