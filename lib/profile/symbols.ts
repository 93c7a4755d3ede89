import { existsSync } from 'node:fs'
import path from 'node:path'
import { ElfFile } from './elf'
import type { ElfSymbol, FunctionTable } from './function-table'
import { type LineEntry, LineTable } from './line-table'

/** The lines of the C library explain no leak, and it has a million of them. */
const ofSystem = /^\/(usr\/)?lib(32|64)?\//

/** Names of the machine code of one file. */
export class Symbols {
  readonly buildId: string
  private readonly addressOf: (offset: number) => number | undefined
  private readonly tables: FunctionTable[]
  private readonly lines: LineTable

  /** Undefined if the file is gone, is no ELF file, or is damaged. */
  static of(file: string, root: string): Symbols | undefined {
    let elf: ElfFile | undefined
    try {
      elf = ElfFile.open(`${root}${file}`)
      return new Symbols(elf, file, root)
    } catch {
      return undefined
    } finally {
      elf?.close()
    }
  }

  private constructor(elf: ElfFile, file: string, root: string) {
    const { buildId } = elf
    this.buildId = buildId
    this.addressOf = (offset) => elf.addressOf(offset)
    const apart = openDebugFile(file, buildId, root)
    try {
      this.tables = [...(apart?.functions() ?? []), ...elf.functions()]
      this.lines = new LineTable(ofSystem.test(file) ? undefined : [elf, apart].find(hasLines))
    } finally {
      apart?.close()
    }
  }

  get hasAny(): boolean {
    return this.tables.some(({ count }) => count > 0)
  }

  /** The function at a place in the file, and the line where it is known. */
  at(offset: number): { symbol: ElfSymbol | undefined; line: LineEntry | undefined } {
    const address = this.addressOf(offset)
    if (address === undefined) return { symbol: undefined, line: undefined }
    const symbol = this.tables.map((table) => table.at(address)).find((one) => one !== undefined)
    return { symbol, line: this.lines.at(address) }
  }
}

/** The symbols that a distribution ships apart. */
function openDebugFile(file: string, buildId: string, root: string): ElfFile | undefined {
  const byId = `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`
  const places = [...(buildId === '' ? [] : [byId]), path.join('/usr/lib/debug', `${file}.debug`)]
  const found = places.find((place) => existsSync(`${root}${place}`))
  try {
    return found === undefined ? undefined : ElfFile.open(`${root}${found}`)
  } catch {
    return undefined
  }
}

function hasLines(elf: ElfFile | undefined): boolean {
  return elf?.has('.debug_line') ?? false
}
