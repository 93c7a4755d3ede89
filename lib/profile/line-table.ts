import type { ElfFile } from './elf'
import { type Program, readPrograms } from './line-program'

export interface LineEntry {
  file: string
  line: number
}

/** Debugging information that is larger is left alone: reading it would take seconds and gigabytes. */
const mostBytes = 2 ** 26

/** Which line of its source an instruction is of, by the file's DWARF (.debug_line); most addons have none. */
export class LineTable {
  private readonly programs: Program[] = []

  constructor(elf: ElfFile | undefined) {
    const contents = elf?.section('.debug_line')
    if (!elf || !contents || contents.length > mostBytes) return
    const strings = { line: elf.section('.debug_line_str'), all: elf.section('.debug_str') }
    try {
      this.programs = readPrograms(contents, strings)
    } catch {
      // Without lines there are the names still.
    }
  }

  at(address: number): LineEntry | undefined {
    for (const { rows, files } of this.programs)
      for (const sequence of rows) {
        const [first, last] = [sequence[0], sequence.at(-1)]
        if (!first || !last || address < first.address || address >= last.address) continue
        const row = sequence.findLast((one) => one.address <= address)
        const file = row && files[row.file]
        return file === undefined || !row ? undefined : { file, line: row.line }
      }
    return undefined
  }
}
