import path from 'node:path'
import { Bytes } from './bytes'

/*
 * The line numbers of DWARF 2 to 5: a program for a small machine, one for each unit of compilation, whose run makes the
 * rows of a table. See the standard, https://dwarfstd.org, section 6.2.
 */

export interface Row {
  address: number
  file: number
  line: number
}

export interface Program {
  files: (string | undefined)[]
  /** Each sequence is in the order of addresses; its last row ends it. */
  rows: Row[][]
}

export interface Strings {
  line: Buffer | undefined
  all: Buffer | undefined
}

interface Header {
  minimum: number
  lineBase: number
  lineRange: number
  operands: number[]
}

export function readPrograms(contents: Buffer, strings: Strings): Program[] {
  const programs: Program[] = []
  const bytes = new Bytes(contents)
  while (bytes.at + 4 < contents.length) {
    let length = bytes.u32()
    const isLong = length === 0xffffffff
    if (isLong) length = bytes.u64()
    const end = bytes.at + length
    if (end > contents.length) break
    const program = readProgram(bytes, end, isLong, strings)
    if (program) programs.push(program)
    bytes.at = end
  }
  return programs
}

function readProgram(bytes: Bytes, end: number, isLong: boolean, strings: Strings) {
  const version = bytes.u16()
  if (version < 2 || version > 5) return undefined
  if (version === 5) bytes.skip(2) // sizes of an address and of a segment's number
  const headerBytes = isLong ? bytes.u64() : bytes.u32()
  const start = bytes.at + headerBytes
  const minimum = bytes.u8()
  if (version >= 4) bytes.skip(1) // operations in an instruction, which only VLIW processors have
  bytes.skip(1) // is_stmt at first
  const lineBase = bytes.i8()
  const lineRange = bytes.u8()
  const operands = Array.from({ length: bytes.u8() - 1 }, () => bytes.u8())
  const files = version === 5 ? newFiles(bytes, isLong, strings) : oldFiles(bytes)
  bytes.at = start
  return { files, rows: run(bytes, end, { minimum, lineBase, lineRange, operands }) }
}

/** Before DWARF 5: lists of texts, each ended by an empty one; the first file has number 1. */
function oldFiles(bytes: Bytes): (string | undefined)[] {
  const folders = ['']
  for (let name = bytes.text(); name !== ''; name = bytes.text()) folders.push(name)
  const files: (string | undefined)[] = [undefined]
  for (let name = bytes.text(); name !== ''; name = bytes.text()) {
    files.push(path.join(folders[bytes.uleb()] ?? '', name))
    bytes.uleb() // time of its last change
    bytes.uleb() // its length
  }
  return files
}

/** DWARF 5: tables that say themselves which columns they have. */
function newFiles(bytes: Bytes, isLong: boolean, strings: Strings): string[] {
  const folders = entries(bytes, isLong, strings).map(({ name }) => name)
  // Folders are relative to the first one, and files to their folder.
  const whole = folders.map((folder) => path.resolve('/', folders[0] ?? '', folder))
  return entries(bytes, isLong, strings).map(({ name, folder }) =>
    path.resolve(whole[folder] ?? '/', name),
  )
}

const [pathColumn, folderColumn] = [1, 2]

function entries(bytes: Bytes, isLong: boolean, strings: Strings) {
  const columns = Array.from({ length: bytes.u8() }, () => [bytes.uleb(), bytes.uleb()] as const)
  const count = bytes.uleb()
  if (count > bytes.left) throw new RangeError('a table is longer than the file')
  return Array.from({ length: count }, () => {
    const entry = { name: '', folder: 0 }
    for (const [column, form] of columns) {
      const value = readForm(bytes, form, isLong, strings)
      if (column === pathColumn) entry.name = String(value)
      else if (column === folderColumn) entry.folder = Number(value)
    }
    return entry
  })
}

function readForm(bytes: Bytes, form: number, isLong: boolean, strings: Strings): string | number {
  const reference = () => (isLong ? bytes.u64() : bytes.u32())
  const textAt = (table: Buffer | undefined) => {
    const at = reference()
    return table ? new Bytes(table, at).text() : ''
  }
  switch (form) {
    case 0x08: // DW_FORM_string
      return bytes.text()
    case 0x0e: // DW_FORM_strp
      return textAt(strings.all)
    case 0x1f: // DW_FORM_line_strp
      return textAt(strings.line)
    case 0x0b: // DW_FORM_data1
      return bytes.u8()
    case 0x05: // DW_FORM_data2
      return bytes.u16()
    case 0x0f: // DW_FORM_udata
      return bytes.uleb()
    case 0x1e: // DW_FORM_data16
      return bytes.skip(16)
    default:
      throw new Error(`form ${form} is not known`)
  }
}

/** Numbers of the standard's operations; those above them are one row each. */
const [copy, advancePc, advanceLine, setFile, constAddPc, fixedAdvancePc] = [1, 2, 3, 4, 8, 9]
const [extended, endSequence, setAddress] = [0, 1, 2]

function run(bytes: Bytes, end: number, header: Header): Row[][] {
  const { minimum, lineBase, lineRange, operands } = header
  const sequences: Row[][] = []
  let rows: Row[] = []
  let row: Row = { address: 0, file: 1, line: 1 }
  const first = operands.length + 1
  while (bytes.at < end) {
    const code = bytes.u8()
    if (code >= first) {
      row.address += Math.floor((code - first) / lineRange) * minimum
      row.line += lineBase + ((code - first) % lineRange)
      rows.push({ ...row })
    } else if (code === extended) {
      const length = bytes.uleb()
      const next = bytes.at + length
      const operation = bytes.u8()
      if (operation === setAddress) row.address = bytes.u64()
      else if (operation === endSequence) {
        sequences.push([...rows, { ...row }])
        rows = []
        row = { address: 0, file: 1, line: 1 }
      }
      bytes.at = next
    } else if (code === copy) rows.push({ ...row })
    else if (code === advancePc) row.address += bytes.uleb() * minimum
    else if (code === advanceLine) row.line += bytes.sleb()
    else if (code === setFile) row.file = bytes.uleb()
    else if (code === constAddPc) row.address += Math.floor((255 - first) / lineRange) * minimum
    else if (code === fixedAdvancePc) row.address += bytes.u16()
    else for (let i = 0; i < (operands[code - 1] ?? 0); i++) bytes.uleb()
  }
  return sequences
}
