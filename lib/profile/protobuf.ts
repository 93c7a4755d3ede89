/** Writes messages of protocol buffers: https://protobuf.dev/programming-guides/encoding/ */
export class Message {
  private readonly parts: Buffer[] = []

  /** A whole number; 0 is what a reader takes for an absent one. */
  integer(field: number, value: number | bigint): this {
    if (value) this.parts.push(varint(field << 3), varint(value))
    return this
  }

  boolean(field: number, value: boolean): this {
    return this.integer(field, value ? 1 : 0)
  }

  integers(field: number, values: readonly number[]): this {
    return this.bytes(field, Buffer.concat(values.map((value) => varint(value))))
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'))
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encoded())
  }

  encoded(): Buffer {
    return Buffer.concat(this.parts)
  }

  private bytes(field: number, value: Buffer): this {
    this.parts.push(varint((field << 3) | 2), varint(value.length), value)
    return this
  }
}

/** Seven bits a byte, the lowest first; negative numbers have 64 bits. */
function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
