import { addon } from '../../addon'
import { SuperslabError } from '../../errors'
import type { Allocator } from './allocators'
import type { Measurement } from './measurement'
import type { Case } from './suites'

/** Measures inside this Node process, through the addon: the same code, but without figures of memory. */
export async function measureInProcess(one: Case, allocator: Allocator): Promise<Measurement> {
  const defaults = addon.benchWorkloads().find(({ name }) => name === one.workload)
  if (!defaults || allocator.library) {
    const message = `in this process there is no ${defaults ? allocator.name : one.workload}`
    throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', message)
  }
  const { threads = defaults.threads, ops = defaults.ops, slots = defaults.slots } = one.parameters
  const { size = `${defaults.sizeMin}-${defaults.sizeMax}`, seed = defaults.seed } = one.parameters
  const [sizeMin = 0, sizeMax = sizeMin] = size.split('-').map(Number)
  const arguments_ = [threads, ops, sizeMin, sizeMax, slots, seed] as const
  const result = addon.benchRun(one.workload, allocator.name, ...arguments_)
  if (result.error !== undefined)
    throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', `${one.label}: ${result.error}`)
  const { compiler, flags } = addon.info()
  return {
    workload: one.workload,
    allocator: allocator.name,
    threads,
    ops: result.ops,
    seconds: result.seconds,
    opsPerSecond: result.ops / result.seconds,
    checksum: result.checksum,
    compiler,
    flags,
  }
}
