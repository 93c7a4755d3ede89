/** Reads numbers with seven bits in each byte, the lowest first, from a range of bytes. */
export class Varints {
  at: number

  constructor(
    readonly bytes: Uint8Array,
    start: number,
    readonly end: number,
    /** The error for a number that does not end or exceeds the format's range. */
    readonly fault: (where: number, why: string) => Error,
  ) {
    this.at = start
  }

  byte(): number {
    if (this.at >= this.end) throw this.fault(this.at, 'a record goes beyond its end')
    return this.bytes[this.at++] as number
  }

  number(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte()
      value += (byte & 127) * factor
      if (value > Number.MAX_SAFE_INTEGER) throw this.fault(this.at, 'a number is too large')
      if (byte < 128) return value
    }
  }

  /** A number with its sign in the lowest bit. */
  signed(): number {
    const value = this.number()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}
