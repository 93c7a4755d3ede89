/** An entry of the engine's map: where it begins in the map, and its words. */
export interface PerfEntry {
  position: number
  /** First address of the code. */
  start: number
  name: string
}

/**
 * The entries of the engine's map that cover any of a few addresses. The engine appends an entry whenever it makes code,
 * and reuses addresses of code that it dropped. So the order of the entries says which was there at a time.
 */
export class PerfMap {
  private readonly entries = new Map<number, PerfEntry[]>()

  /** `addresses` are those that will be asked for. */
  constructor(contents: Buffer, addresses: Iterable<number>) {
    const wanted = Float64Array.from(new Set(addresses)).sort()
    for (let at = 0; at < contents.length; ) {
      const end = contents.indexOf(0x0a, at)
      if (end < 0) break // the engine is writing this one
      this.take(contents, at, end, wanted)
      at = end + 1
    }
  }

  /** The last entry for the address that begins before `position`. */
  at(address: number, position: number): PerfEntry | undefined {
    return this.entries.get(address)?.findLast((entry) => entry.position < position)
  }

  private take(contents: Buffer, at: number, end: number, wanted: Float64Array): void {
    const first = contents.indexOf(0x20, at)
    const second = contents.indexOf(0x20, first + 1)
    if (first < 0 || second < 0 || second > end) return
    const start = Number.parseInt(contents.toString('latin1', at, first), 16)
    const last = start + Number.parseInt(contents.toString('latin1', first + 1, second), 16)
    let entry: PerfEntry | undefined
    for (let i = lowerBound(wanted, start); i < wanted.length; i++) {
      const address = wanted[i] as number
      if (!(address < last)) break
      entry ??= { position: at, start, name: contents.toString('utf8', second + 1, end) }
      const known = this.entries.get(address)
      if (known) known.push(entry)
      else this.entries.set(address, [entry])
    }
  }
}

/** The index of the first value that is not below `least`. */
function lowerBound(values: Float64Array, least: number): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] as number) < least) low = middle + 1
    else high = middle
  }
  return low
}
