import { closeSync, openSync } from 'node:fs'
import { interpreter, read, table } from '../../libc'

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

const header = { bytes: 64, class: 4, machine: 18, sections: 40, counts: 54 }
const sectionDynamicSymbols = 11
const symbolBytes = 24

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
