import { closeSync, openSync, readSync } from 'node:fs'
import path from 'node:path'

/** The facts of an ELF file that decide whether a library can be preloaded into it. */
export interface Elf {
  /** 32 or 64. */
  bits: number
  /** `e_machine`. */
  machine: number
  /** The dynamic loader; undefined in a static program. */
  interpreter: string | undefined
  /** Whether it defines and exports a function of that name. */
  defines(name: string): boolean
}

const header = { bytes: 64, class: 4, machine: 18, segments: 32, sections: 40, counts: 54 }
const segmentInterpreter = 3
const sectionDynamicSymbols = 11
const symbolBytes = 24

/** Whether a dynamic loader is glibc's, by its name. */
export function isGlibcLoader(loader: string): boolean {
  return /^(ld-linux|ld64|ld\.so)/.test(path.basename(loader))
}

/** The dynamic loader, of a 64-bit program only. */
export function interpreterOf(file: string): string | undefined {
  const descriptor = openSync(file, 'r')
  try {
    return interpreter(descriptor, read(descriptor, 0, header.bytes))
  } finally {
    closeSync(descriptor)
  }
}

/** Reads a file's head; undefined if it is no ELF file of this byte order. */
export function readElf(file: string): Elf | undefined {
  const descriptor = openSync(file, 'r')
  try {
    const head = read(descriptor, 0, header.bytes)
    if (head.length < header.bytes || head.toString('latin1', 0, 4) !== '\x7fELF') return undefined
    const bits = head[header.class] === 2 ? 64 : 32
    const machine = head.readUInt16LE(header.machine)
    if (bits === 32) return { bits, machine, interpreter: undefined, defines: () => false }
    const exported = exportedNames(descriptor, head)
    return {
      bits,
      machine,
      interpreter: interpreter(descriptor, head),
      defines: (name) => exported(name),
    }
  } finally {
    closeSync(descriptor)
  }
}

function read(descriptor: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  return buffer.subarray(0, readSync(descriptor, buffer, 0, bytes, offset))
}

/** A table of the file: program headers or section headers. */
function table(descriptor: number, head: Buffer, offsetAt: number, countsAt: number): Buffer[] {
  const offset = Number(head.readBigUInt64LE(offsetAt))
  const [size, count] = [head.readUInt16LE(countsAt), head.readUInt16LE(countsAt + 2)]
  const all = offset === 0 ? Buffer.alloc(0) : read(descriptor, offset, size * count)
  return Array.from({ length: count }, (_, i) => all.subarray(i * size, (i + 1) * size)).filter(
    (entry) => entry.length === size,
  )
}

function interpreter(descriptor: number, head: Buffer): string | undefined {
  const segment = table(descriptor, head, header.segments, header.counts).find(
    (entry) => entry.readUInt32LE(0) === segmentInterpreter,
  )
  if (!segment) return undefined
  const [offset, bytes] = [Number(segment.readBigUInt64LE(8)), Number(segment.readBigUInt64LE(32))]
  return read(descriptor, offset, bytes).toString('utf8').replace(/\0.*$/s, '')
}

function exportedNames(descriptor: number, head: Buffer): (name: string) => boolean {
  const sections = table(descriptor, head, header.sections, header.counts + 4)
  const content = (section: Buffer) =>
    read(descriptor, Number(section.readBigUInt64LE(24)), Number(section.readBigUInt64LE(32)))
  const symbolSection = sections.find((entry) => entry.readUInt32LE(4) === sectionDynamicSymbols)
  const nameSection = symbolSection && sections[symbolSection.readUInt32LE(40)]
  if (!symbolSection || !nameSection) return () => false
  const [symbols, names] = [content(symbolSection), content(nameSection)]
  return (name) => {
    const places = occurrences(names, name)
    for (let at = 0; at + symbolBytes <= symbols.length; at += symbolBytes) {
      const isDefined = symbols.readUInt16LE(at + 6) !== 0
      if (isDefined && places.has(symbols.readUInt32LE(at))) return true
    }
    return false
  }
}

/** The place of a name in a table of names, where it may be the end of a longer one. */
function occurrences(names: Buffer, name: string): Set<number> {
  const places = new Set<number>()
  const wanted = `${name}\0`
  for (let at = names.indexOf(wanted); at >= 0; at = names.indexOf(wanted, at + 1)) places.add(at)
  return places
}
