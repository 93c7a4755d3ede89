/** An executable part of a process's addresses, as /proc/PID/maps describes it. */
export interface Mapping {
  start: number
  end: number
  /** Where the part begins in its file. */
  offset: number
  /** Empty for memory without a file; in brackets if the system named it. */
  path: string
}

const pattern = /^([0-9a-f]+)-([0-9a-f]+) \S{4} ([0-9a-f]+) \S+ \d+ *(.*)$/is

export function parseMapping(line: string): Mapping | undefined {
  const [, start = '', end = '', offset = '', path = ''] = line.match(pattern) ?? []
  if (start === '') return undefined
  const [from, to, at] = [start, end, offset].map((word) => Number.parseInt(word, 16)) as [
    number,
    number,
    number,
  ]
  // The kernel writes a line feed in a name as \012.
  const name = path.replaceAll('\\012', '\n').replace(/ \(deleted\)$/, '')
  return { start: from, end: to, offset: at, path: name }
}

/** Finds the mapping of an address. */
export class Mappings {
  private readonly sorted: Mapping[]

  constructor(mappings: readonly Mapping[]) {
    this.sorted = mappings.toSorted((a, b) => a.start - b.start)
  }

  at(address: number): Mapping | undefined {
    let [low, high] = [0, this.sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.sorted[middle] as Mapping).start <= address) low = middle + 1
      else high = middle
    }
    const found = this.sorted[low - 1]
    return found !== undefined && address < found.end ? found : undefined
  }
}

/** Whether the mapping is of a file, rather than memory of the engine or a part that the system named. */
export function isFile({ path }: Mapping): boolean {
  return path.startsWith('/') && !/^\/(dev\/(zero|shm\/)|memfd:|SYSV)/.test(path)
}
