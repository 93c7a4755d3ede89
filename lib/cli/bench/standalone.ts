import { execFile } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { SuperslabError } from '../../errors'
import { companionFile } from '../../load'
import { preloadVariable as preload } from '../../preload'
import { type Allocator, superslab, system } from './allocators'
import { type Measurement, parseMeasurement } from './measurement'
import type { Case, Parameters } from './suites'

export type Build = 'superslab-bench' | 'superslab-bench-trace'

/** Measures in a process of its own, so that its peak of memory is that of this run. */
export async function measureStandalone(
  build: Build,
  { workload, parameters, input }: Case,
  allocator: Allocator,
): Promise<Measurement> {
  const file = companionFile(build)
  const linked = allocator.name === superslab.name ? superslab : system
  const args = [workload, '--allocator', linked.name, ...options(parameters)]
  if (input) args.push('--file', input)
  // The environment of this process may exclude programs that are not Node.
  const { [preload]: _, ...inherited } = process.env
  const environment = { ...inherited, SUPERSLAB_CHILDREN: 'all' }
  const env = allocator.library ? { ...environment, [preload]: allocator.library } : environment
  try {
    const { stdout } = await promisify(execFile)(file, args, { env })
    return named(allocator, parseMeasurement(stdout))
  } catch (cause) {
    throw failure(`${build} ${args.join(' ')}`, allocator, cause)
  }
}

/** When it cannot preload, the dynamic linker only warns: then the system's malloc would be measured twice. */
function named(allocator: Allocator, measurement: Measurement): Measurement {
  const { library = '' } = measurement
  if (process.platform === 'linux' && allocator.library && !isSameFile(library, allocator.library))
    throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', `${allocator.library} was not loaded`)
  return { ...measurement, allocator: allocator.name, library: path.basename(library) }
}

function isSameFile(one: string, other: string): boolean {
  return existsSync(one) && realpathSync(one) === realpathSync(other)
}

function options({ threads, ops, size, slots, seed }: Parameters): string[] {
  return Object.entries({ threads, ops, size, slots, seed }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  )
}

function failure(command: string, allocator: Allocator, cause: unknown): Error {
  if (cause instanceof SuperslabError) return cause
  const { stderr, message } = cause as Error & { stderr?: string }
  const reason = stderr?.trim() || message
  const text = `${command} (${allocator.name}): ${reason}`
  return new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', text, { cause })
}
