import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import {
  type OwnRange,
  type Publication,
  printable,
  readInTime,
  readPublication,
} from '../../publication'
import { ownAllocators } from './allocators'
import type { Asked } from './asked'
import { holdersOf } from './holders'
import type { Holder } from './kinds'
import { Words } from './memory'
import { type Mapping, readMappings } from './smaps'
import { type Sentence, sentences } from './words'

/** What holds a process's resident memory. */
export interface Explanation {
  pid: number
  command: string
  residentBytes: number
  attributedBytes: number
  /** Beside the resident memory: what the kernel needs to map it, and what lies in swap. */
  pageTableBytes: number
  swapBytes: number
  threads: number
  holders: Holder[]
  /** The statistics that superslab publishes, if it serves the process. */
  superslab: Omit<Publication, 'ranges'> | undefined
  /** Live bytes by library, if a profile is taken. */
  asked: Asked[] | undefined
  sentences: Sentence[]
}

export interface NoExplanation {
  pid: number
  message: string
}

/** Looks at the process once. `asked`: what its profile says, if it takes one. */
export function explain(pid: number, asked?: Asked[]): Explanation | NoExplanation {
  let status: string
  try {
    status = statusOf(pid)
  } catch (error) {
    return { pid, message: whyNot(pid, error as NodeJS.ErrnoException) }
  }
  const mappings = readMappings(pid)
  if (mappings === undefined)
    return { pid, message: `process ${pid} has ended, or does not answer within 20 seconds` }
  const found = readPublication(pid)
  const superslab = 'stats' in found ? found : undefined
  const holders = divided(pid, mappings, superslab?.ranges ?? [])
  const residentBytes = sum(holders)
  const explanation = {
    pid,
    command: commandOf(pid),
    residentBytes,
    attributedBytes: sum(holders.filter(({ kind }) => kind !== 'unknown')),
    pageTableBytes: kibibytes(status, 'VmPTE'),
    swapBytes: kibibytes(status, 'VmSwap'),
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 1),
    holders,
    superslab: superslab && withoutRanges(superslab),
    asked,
  }
  return { ...explanation, sentences: sentences(explanation) }
}

function divided(pid: number, mappings: Mapping[], ranges: OwnRange[]): Holder[] {
  const program = programOf(pid)
  const files = new Set(
    mappings
      .filter(({ isFile, access }) => isFile && access.includes('x'))
      .map(({ name }) => name)
      .filter((name) => name.startsWith('/')),
  )
  const words = new Words(pid)
  try {
    return holdersOf(mappings, {
      ranges,
      allocators: ownAllocators(pid, files),
      hasV8: isV8(program, files),
      hasWords: words.areReadable,
      word: (address) => words.at(address),
    })
  } finally {
    words[Symbol.dispose]()
  }
}

/** Node, what is made of it, or a program with one of its libraries. */
function isV8(program: string, files: ReadonlySet<string>): boolean {
  return [program, ...files].some((file) =>
    /^(node(js)?(-.*)?|electron|bun|deno|chrom.*|code|lib(node|v8)\b.*|.*\.node)$/.test(
      path.basename(file),
    ),
  )
}

function sum(some: readonly { bytes: number }[]): number {
  return some.reduce((all, { bytes }) => all + bytes, 0)
}

function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return ''
  }
}

function commandOf(pid: number): string {
  const words = (readInTime(`/proc/${pid}/cmdline`) ?? '').split('\0').filter(Boolean)
  return printable(words.join(' '))
}

function kibibytes(status: string, name: string): number {
  return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
}

/** Opens what is read later, so that a refusal is told as such. */
function statusOf(pid: number): string {
  closeSync(openSync(`/proc/${pid}/smaps`, 'r'))
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  if (/^State:\s+[ZX]/m.test(status)) throw Object.assign(new Error('ended'), { code: 'ESRCH' })
  return status
}

function whyNot(pid: number, { code, message }: NodeJS.ErrnoException): string {
  if (process.platform !== 'linux') return 'this needs Linux, because it reads /proc'
  if (code === 'EACCES' || code === 'EPERM')
    return `process ${pid} does not let itself be read: run this as its user or as root`
  if (code === 'ENOENT' || code === 'ESRCH') return `there is no process ${pid}`
  return `process ${pid} cannot be read: ${message}`
}

function withoutRanges({ ranges: _, ...rest }: Publication): Omit<Publication, 'ranges'> {
  return rest
}
