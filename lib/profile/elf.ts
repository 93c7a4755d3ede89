import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { FunctionTable } from './function-table'

interface Section {
  name: string
  type: number
  isPacked: boolean
  offset: number
  size: number
  link: number
}

interface Segment {
  offset: number
  address: number
  size: number
}

const head = { bytes: 64, segments: 32, sections: 40, sizes: 54, names: 62 }
const sectionBytes = 64
const segmentBytes = 56
const loadable = 1
const [symbolTable, noBits, note, dynamicSymbols] = [2, 8, 7, 11]
/** A flag of sections that begin with a header of 24 bytes and go on in zlib's format. */
const compressed = 0x800
const compressionHeaderBytes = 24
const buildIdNote = 3
/** Tables that are larger are taken for damage. */
const mostBytes = 2 ** 31 - 1

/** A 64-bit little-endian ELF file. Only what is asked for is read. */
export class ElfFile {
  readonly buildId: string
  readonly segments: Segment[]
  private readonly sections: Section[]

  /** Throws if the file is not such a file or is damaged. */
  static open(file: string): ElfFile {
    const descriptor = openSync(file, 'r')
    try {
      return new ElfFile(descriptor, fstatSync(descriptor).size)
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  private constructor(
    private readonly descriptor: number,
    private readonly bytes: number,
  ) {
    const start = this.read(0, head.bytes)
    if (start.toString('latin1', 0, 4) !== '\x7fELF' || start[4] !== 2 || start[5] !== 1)
      throw new Error('not a 64-bit little-endian ELF file')
    this.segments = this.readSegments(start)
    this.sections = this.readSections(start)
    this.buildId = this.readBuildId()
  }

  close(): void {
    closeSync(this.descriptor)
  }

  /** The address that a place in the file has, before the place of loading is added. */
  addressOf(offset: number): number | undefined {
    const segment = this.segments.find(
      (one) => offset >= one.offset && offset < one.offset + one.size,
    )
    return segment && offset - segment.offset + segment.address
  }

  /** The functions, from both tables of symbols. */
  functions(): FunctionTable[] {
    return this.sections
      .filter(({ type }) => type === symbolTable || type === dynamicSymbols)
      .map((section) => this.readFunctions(section))
  }

  has(name: string): boolean {
    return this.sections.some((one) => one.name === name && one.type !== noBits)
  }

  /** The contents of a section; undefined if there is none. */
  section(name: string): Buffer | undefined {
    const found = this.sections.find((one) => one.name === name && one.type !== noBits)
    if (!found) return undefined
    const contents = this.read(found.offset, found.size)
    return found.isPacked ? inflateSync(contents.subarray(compressionHeaderBytes)) : contents
  }

  private readSegments(start: Buffer): Segment[] {
    const count = start.readUInt16LE(head.sizes + 2)
    const table = this.read(Number(start.readBigUInt64LE(head.segments)), count * segmentBytes)
    return Array.from({ length: count }, (_, i) => table.subarray(i * segmentBytes))
      .filter((entry) => entry.readUInt32LE(0) === loadable)
      .map((entry) => ({
        offset: Number(entry.readBigUInt64LE(8)),
        address: Number(entry.readBigUInt64LE(16)),
        size: Number(entry.readBigUInt64LE(32)),
      }))
  }

  private readSections(start: Buffer): Section[] {
    const count = start.readUInt16LE(head.sizes + 6)
    const table = this.read(Number(start.readBigUInt64LE(head.sections)), count * sectionBytes)
    const raw = Array.from({ length: count }, (_, i) => table.subarray(i * sectionBytes)).map(
      (entry) => ({
        nameAt: entry.readUInt32LE(0),
        type: entry.readUInt32LE(4),
        isPacked: (entry.readUInt32LE(8) & compressed) !== 0,
        offset: Number(entry.readBigUInt64LE(24)),
        size: Number(entry.readBigUInt64LE(32)),
        link: entry.readUInt32LE(40),
      }),
    )
    const strings = raw[start.readUInt16LE(head.names)]
    const names = strings ? this.read(strings.offset, strings.size) : Buffer.alloc(0)
    return raw.map(({ nameAt, ...section }) => ({ ...section, name: textAt(names, nameAt) }))
  }

  private readBuildId(): string {
    for (const { offset, size } of this.sections.filter(({ type }) => type === note)) {
      const notes = this.read(offset, size)
      for (let at = 0; at + 12 <= notes.length; ) {
        const [nameBytes, idBytes] = [notes.readUInt32LE(at), notes.readUInt32LE(at + 4)]
        const id = at + 12 + aligned(nameBytes)
        if (
          notes.readUInt32LE(at + 8) === buildIdNote &&
          notes.toString('latin1', at + 12, at + 15) === 'GNU'
        )
          return notes.toString('hex', id, id + idBytes)
        at = id + aligned(idBytes)
      }
    }
    return ''
  }

  private readFunctions({ offset, size, link }: Section): FunctionTable {
    const strings = this.sections[link]
    const names = strings ? this.read(strings.offset, strings.size) : Buffer.alloc(0)
    return new FunctionTable(this.read(offset, size), names)
  }

  private read(offset: number, bytes: number): Buffer {
    if (offset + bytes > this.bytes || bytes > mostBytes) throw new Error('the file is cut off')
    const buffer = Buffer.allocUnsafe(bytes)
    for (let done = 0; done < bytes; ) {
      const more = readSync(this.descriptor, buffer, done, bytes - done, offset + done)
      if (more === 0) throw new Error('the file is cut off')
      done += more
    }
    return buffer
  }
}

function aligned(bytes: number): number {
  return (bytes + 3) & ~3
}

function textAt(strings: Buffer, at: number): string {
  const end = strings.indexOf(0, at)
  return strings.toString('utf8', at, end < 0 ? strings.length : end)
}
