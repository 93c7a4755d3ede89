import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Ended, ended } from './cli.mjs'

/** A control group with a limit on memory, which a test makes where it may. */
export interface Group {
  /** Runs a command in the group to its end; its environment has the group's use in the file TEST_USED. */
  run(command: string[], env?: NodeJS.ProcessEnv): Promise<Ended>
  /** After all processes of the group have ended. */
  remove(): void
}

/** Undefined, with the reason on stderr, where no group can be made. */
export function limitedGroup(name: string, bytes: number): Group | undefined {
  const places: [string, Record<string, number>][] = [
    [
      '/sys/fs/cgroup/memory',
      { 'memory.limit_in_bytes': bytes, 'memory.memsw.limit_in_bytes': bytes },
    ],
    ['/sys/fs/cgroup', { 'memory.max': bytes, 'memory.swap.max': 0 }],
  ]
  const useFiles = ['memory.usage_in_bytes', 'memory.current']
  const refusals = []
  for (const [i, [root, limits]] of places.entries()) {
    const folder = path.join(root, `superslab-test-${process.pid}-${name}`)
    try {
      mkdirSync(folder)
      limit(folder, limits)
      return group(folder, path.join(folder, useFiles[i] ?? ''))
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error))
      remove(folder)
    }
  }
  console.error(`no group with a limit on memory: ${refusals.join('; ')}`)
  return undefined
}

/** The limit on swap is absent where the kernel does not count swap. */
function limit(folder: string, limits: Record<string, number>): void {
  const [[name = '', bytes = 0] = [], swap] = Object.entries(limits)
  writeFileSync(path.join(folder, name), String(bytes))
  readFileSync(path.join(folder, name))
  if (swap)
    try {
      writeFileSync(path.join(folder, swap[0]), String(swap[1]))
    } catch {}
}

function group(folder: string, useFile: string): Group {
  const enter = 'echo $$ > "$0"/cgroup.procs && exec "$@"'
  return {
    run: ([...command], env) =>
      ended('/bin/sh', ['-c', enter, folder, ...command], {
        env: { ...(env ?? process.env), TEST_USED: useFile },
      }),
    remove: () => remove(folder),
  }
}

function remove(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {}
}
