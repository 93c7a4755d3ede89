export interface ElfSymbol {
  /** As the file has it, before the place it was loaded at is added. */
  address: number
  /** 0 if the file does not say. */
  size: number
  name: string
}

const symbolBytes = 24
/** STT_FUNC and STT_GNU_IFUNC. */
const types = [2, 10]

/** The functions of a table of symbols, by address. There may be a million, so a name is read when it is asked for. */
export class FunctionTable {
  /** Where the functions are in the table, in the order of their addresses. */
  private readonly places: Uint32Array

  constructor(
    private readonly table: Buffer,
    private readonly names: Buffer,
  ) {
    const found: number[] = []
    for (let at = 0; at + symbolBytes <= table.length; at += symbolBytes) {
      const isDefined = table.readUInt16LE(at + 6) !== 0
      if (isDefined && types.includes((table[at + 4] as number) & 15)) found.push(at)
    }
    const addresses = Float64Array.from(found, (at) => this.addressAt(at))
    const order = (a: number, b: number) =>
      (addresses[a] as number) - (addresses[b] as number) ||
      this.sizeAt(found[a] as number) - this.sizeAt(found[b] as number)
    const sorted = Uint32Array.from(found.keys()).sort(order)
    this.places = sorted.map((index) => found[index] as number)
  }

  get count(): number {
    return this.places.length
  }

  /** The function that an address lies in. */
  at(address: number): ElfSymbol | undefined {
    let [low, high] = [0, this.places.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.addressAt(this.places[middle] as number) <= address) low = middle + 1
      else high = middle
    }
    const place = this.places[low - 1]
    if (place === undefined) return undefined
    const [start, size] = [this.addressAt(place), this.sizeAt(place)]
    if (size > 0 && address >= start + size) return undefined
    return { address: start, size, name: this.nameAt(place) }
  }

  private addressAt(place: number): number {
    return this.table.readUInt32LE(place + 8) + this.table.readUInt32LE(place + 12) * 2 ** 32
  }

  private sizeAt(place: number): number {
    return this.table.readUInt32LE(place + 16) + this.table.readUInt32LE(place + 20) * 2 ** 32
  }

  private nameAt(place: number): string {
    const at = this.table.readUInt32LE(place)
    const end = this.names.indexOf(0, at)
    return this.names.toString('utf8', at, end < 0 ? this.names.length : end)
  }
}
