import { SuperslabError } from '../../errors'
import type { Allocator } from './allocators'
import type { Measurement } from './measurement'
import type { Case } from './suites'

export type Measure = (one: Case, allocator: Allocator) => Promise<Measurement>

/** All measurements of one case, by allocator, in the order of the rounds. */
export interface CaseMeasurements {
  case: Case
  measurements: Map<string, Measurement[]>
}

/**
 * Measures every case `rounds` times. The allocators take turns within each round, and every other round in the
 * opposite order, so that a machine that slows down or warms up does it to all of them.
 */
export async function measureRounds(
  cases: readonly Case[],
  allocators: readonly Allocator[],
  rounds: number,
  measure: Measure,
  onMeasured: (label: string) => void,
): Promise<CaseMeasurements[]> {
  const results = cases.map((one) => ({
    case: one,
    measurements: new Map(allocators.map(({ name }) => [name, [] as Measurement[]])),
  }))
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? allocators : allocators.toReversed()
    for (const result of results) {
      for (const allocator of order) {
        const measurement = await measure(result.case, allocator)
        result.measurements.get(allocator.name)?.push(measurement)
        onMeasured(`${result.case.label}, ${allocator.name}`)
      }
      verifyChecksums(result)
    }
  }
  return results
}

/** Throws unless all runs of a case, under all allocators, did the same work. */
function verifyChecksums({ case: one, measurements }: CaseMeasurements): void {
  const all = [...measurements.values()].flat()
  const sums = new Set(all.map(({ checksum }) => checksum))
  if (sums.size === 1) return
  const list = all.map(({ allocator, checksum }) => `${allocator} ${checksum}`).join(', ')
  throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', `${one.label}: checksums differ: ${list}`)
}
