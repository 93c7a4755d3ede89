/** Reads numbers one after the other. */
export class Bytes {
  constructor(
    private readonly buffer: Buffer,
    public at = 0,
  ) {}

  get left(): number {
    return this.buffer.length - this.at
  }

  u8(): number {
    return this.buffer.readUInt8(this.at++)
  }

  i8(): number {
    return this.buffer.readInt8(this.at++)
  }

  u16(): number {
    this.at += 2
    return this.buffer.readUInt16LE(this.at - 2)
  }

  u32(): number {
    this.at += 4
    return this.buffer.readUInt32LE(this.at - 4)
  }

  u64(): number {
    this.at += 8
    return Number(this.buffer.readBigUInt64LE(this.at - 8))
  }

  skip(bytes: number): number {
    this.at += bytes
    return 0
  }

  uleb(): number {
    let [value, scale] = [0, 1]
    for (;;) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
  }

  sleb(): number {
    let [value, scale] = [0, 1]
    for (;;) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) return byte & 0x40 ? value - scale : value
    }
  }

  /** Up to a zero byte. */
  text(): string {
    const end = this.buffer.indexOf(0, this.at)
    if (end < 0) throw new RangeError('a text has no end')
    const text = this.buffer.toString('utf8', this.at, end)
    this.at = end + 1
    return text
  }
}
