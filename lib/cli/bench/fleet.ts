import { readFileSync, writeFileSync } from 'node:fs'
import { SuperslabError } from '../../errors'

// native/bench/fleet.h has the same.
const magic = 0x5445454c46n
const quantileCount = 4096
const classWords = 6

/** MiB of live blocks unless told. */
export const defaultLive = 96
/** A size with fewer live blocks than this is left out: one block more or less would change its result too much. */
const leastShare = 8

interface SizeClass {
  size: number
  rate: number
  live: number
}

/**
 * Writes the input of superslab-bench's workload `fleet` for a profile in the form of google/fleetbench: a line for each
 * size, with the size in bytes, allocations per second, and live objects. It is scaled to `mebibytes` of live blocks.
 */
export function prepareFleet(source: string, mebibytes: number, target: string): void {
  const bytes = mebibytes * 2 ** 20
  const classes = parseProfile(source).filter(({ size }) => size <= bytes / leastShare)
  const sum = (of: (one: SizeClass) => number) => classes.reduce((total, one) => total + of(one), 0)
  const liveBytes = sum(({ size, live }) => size * live)
  if (liveBytes === 0) throw failure(`${source}: no size that fits has live objects`)
  const scale = bytes / liveBytes
  const rate = sum((one) => one.rate) * scale
  const rates = aliases(classes.map((one) => one.rate))
  const lives = aliases(classes.map((one) => one.live))
  const words = new Float64Array(3 + classes.length * classWords + quantileCount)
  const head = new BigUint64Array(words.buffer)
  head[0] = magic
  head[1] = BigInt(classes.length)
  words[2] = Math.max(1, sum((one) => one.live) * scale)
  for (const [index, { size, rate: own, live }] of classes.entries()) {
    // Little's law: a size's mean lifetime is its live objects over its rate; here counted in allocations of all sizes.
    const lifetime = (live / own) * rate
    const { keep: keepRate = 1, alias: aliasRate = 0 } = rates[index] ?? {}
    const { keep: keepLive = 1, alias: aliasLive = 0 } = lives[index] ?? {}
    const columns = [size, lifetime, keepRate, aliasRate, keepLive, aliasLive]
    words.set(columns, 3 + index * classWords)
  }
  for (let i = 0; i < quantileCount; i++)
    words[3 + classes.length * classWords + i] = -Math.log((i + 0.5) / quantileCount)
  writeFileSync(target, words)
}

export function parseProfile(source: string): SizeClass[] {
  const lines = contents(source).split('\n')
  const classes = lines.flatMap((line, at) => {
    if (line.trim() === '') return []
    const numbers = line.split(',').map((text) => (text.trim() === '' ? Number.NaN : Number(text)))
    const [size = Number.NaN, rate = Number.NaN, live = Number.NaN] = numbers
    if (numbers.length !== 3 || !(size >= 0 && rate >= 0 && live >= 0 && Number.isFinite(size)))
      throw failure(
        `${source}: line ${at + 1} is not a size, allocations a second, and live objects`,
      )
    return size >= 1 && rate > 0 ? [{ size: Math.floor(size), rate, live }] : []
  })
  if (classes.length === 0) throw failure(`${source} has no size that is allocated`)
  return classes
}

/** Walker's alias method (Vose): a weighted draw takes any entry with equal chance, then with 1 - keep its alias. */
export function aliases(weights: readonly number[]): { keep: number; alias: number }[] {
  const total = weights.reduce((sum, one) => sum + one, 0)
  const scaled = weights.map((one) => (one * weights.length) / total)
  const table = weights.map((_, index) => ({ keep: 1, alias: index }))
  const small = [...scaled.keys()].filter((index) => (scaled[index] ?? 0) < 1)
  const large = [...scaled.keys()].filter((index) => (scaled[index] ?? 0) >= 1)
  while (small.length > 0 && large.length > 0) {
    const [less, more] = [small.pop() as number, large.at(-1) as number]
    const keep = scaled[less] as number
    table[less] = { keep, alias: more }
    scaled[more] = (scaled[more] as number) - (1 - keep)
    if ((scaled[more] as number) < 1) small.push(large.pop() as number)
  }
  return table
}

function contents(source: string): string {
  try {
    return readFileSync(source, 'utf8')
  } catch (cause) {
    throw failure(`${source} cannot be read: ${(cause as Error).message}`)
  }
}

function failure(message: string): SuperslabError {
  return new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', message)
}
