import { spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  fstatSync,
  opendirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs'
import type { RawStats } from './addon'
import { withoutRoot } from './children'
import type { Level } from './preload'

/*
 * Reads the page of statistics that every process served by superslab publishes, see native/core/background/publish.h. It is a
 * file without a name among the process's descriptors, readable for each user that may open /proc/PID/fd.
 *
 * The contents are not trusted: another process may have any file with the page's name, may change it all the time, and
 * may write anything into it.
 */

/** The statistics that a process has published. */
export interface Publication {
  pid: number
  /** The process's version of superslab. */
  version: string
  /** How many checks its library makes. */
  hardened: Level
  /** When the process wrote the figures. */
  time: Date
  stats: RawStats
  /** The addresses that belong to superslab; empty if its version does not tell them. */
  ranges: OwnRange[]
}

/** What addresses of superslab hold; `ss_range_kind` of native/core/background/ranges.h, from 1 on. */
export const rangeKinds = ['headed', 'blocks', 'window', 'metadata'] as const
export type RangeKind = (typeof rangeKinds)[number]

export interface OwnRange {
  start: number
  end: number
  kind: RangeKind
}

export type WhyNot =
  | 'no-such-process'
  | 'not-permitted'
  | 'not-active'
  | 'passes-through'
  | 'not-yet'
  | 'other-version'
  | 'unreadable'
  | 'no-proc'

export interface NoPublication {
  pid: number
  reason: WhyNot
  message: string
}

/** The statistics in the order of `superslab_stats`. */
export const statNames = [
  ...(['liveBlocks', 'liveBytes', 'cachedBlocks', 'cachedBytes', 'slabFreeBytes'] as const),
  ...(['slabBytes', 'largeBytes', 'dirtyBytes', 'metadataBytes', 'reservedBytes'] as const),
  ...(['committedBytes', 'givenBackBytes', 'slabCount', 'threadCount', 'guardedReads'] as const),
  ...(['foreignFrees', 'lostBlocks', 'lostBytes'] as const),
  ...(['guardRate', 'guardSamples', 'guardedBlocks'] as const),
] as const satisfies readonly (keyof RawStats)[]

/** The target of the page's link in /proc: a file without a name in a folder. */
const linkText = '/memfd:superslab (deleted)'

const magic = 0x42_4c_53_53
const layout = 1
const offsets = {
  magic: 0,
  layout: 4,
  sequence: 8,
  process: 12,
  time: 16,
  count: 24,
  version: 28,
  hardened: 44,
}
const versionBytes = 16
const statsOffset = 48
const ranges = { offset: 1024, first: 1032, bytes: 24, most: 126 }
const pageBytes = 4096
/** The page of the machine, which may be larger. */
const fileBytes = [4096, 16384, 65536]
/** Writing takes the process microseconds, unless it has to wait in the middle for a processor, or is stopped. */
const triesAtOnce = 20
const pauseMs = 1
/** For one process: far more than any that is not stopped needs. */
const timeLimitMs = 250

/** For the one process that the user asks for: a busy machine may leave this process no time for a while. */
export const timeLimitOfOneMs = 5000

/** For all processes together: a few may take their whole time. */
export const timeLimitOfAllMs = 5000

/** The publication of process `pid`, or the reason why it cannot be read. */
export function readPublication(pid: number, limitMs = timeLimitMs): Publication | NoPublication {
  return read(pid, (pid, inherited) => none(pid, inherited, limitMs), limitMs)
}

/** Without the reason where it cannot be read, which takes long to find. */
export function publicationOf(pid: number): Publication | undefined {
  const one = read(pid, () => undefined)
  return one !== undefined && 'stats' in one ? one : undefined
}

/** The processes that publish, and the number that there was no time for. */
export function readPublications(limitMs = timeLimitOfAllMs): {
  found: Publication[]
  left: number
} {
  const end = performance.now() + limitMs
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const others = names.map(Number).filter((pid) => pid !== process.pid)
  const found: Publication[] = []
  let left = others.length
  for (const pid of others) {
    if (performance.now() >= end) break
    const one = publicationOf(pid)
    if (one) found.push(one)
    left--
  }
  return { found, left }
}

function read<Reason>(
  pid: number,
  why: (pid: number, inherited: boolean) => Reason,
  limitMs = timeLimitMs,
): Publication | NoPublication | Reason {
  const found = find(pid, why, limitMs)
  return found instanceof Page ? parsed(pid, found.contents) : found
}

class Page {
  constructor(
    /** In /proc, for this process to open. */
    readonly file: string,
    readonly contents: Buffer,
  ) {}
}

/** Opens the page of a process, to be read and locked. */
export function openPage(pid: number): number | NoPublication {
  const limitMs = timeLimitOfAllMs
  const found = find(pid, (one, inherited) => none(one, inherited, limitMs), limitMs)
  if (!(found instanceof Page)) return found
  try {
    return openSync(found.file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch (error) {
    return refused(pid, error as NodeJS.ErrnoException)
  }
}

/** `why` gives the reason where there is no page, or none that can be read. */
function find<Reason>(
  pid: number,
  why: (pid: number, inherited: boolean) => Reason,
  limitMs = timeLimitMs,
): Page | NoPublication | Reason {
  const end = performance.now() + limitMs
  try {
    if (hasEnded(pid)) return gone(pid)
    const own = innerPid(pid)
    let any = false
    for (const file of files(pid)) {
      if (linkOf(file) === linkText) {
        any = true
        const page = readPage(file, end)
        if (page?.readUInt32LE(offsets.process) === own) return new Page(file, page)
      }
      if (performance.now() >= end)
        return any ? why(pid, any) : unreadable(pid, `its files were not read within ${limitMs} ms`)
    }
    return why(pid, any)
  } catch (error) {
    return refused(pid, error as NodeJS.ErrnoException)
  }
}

/** The process's descriptors, a few at a time: there may be a million. */
function* files(pid: number): Generator<string> {
  const name = `/proc/${pid}/fd`
  const directory = opendirSync(name)
  try {
    for (let one = directory.readSync(); one !== null; one = directory.readSync())
      yield `${name}/${one.name}`
  } finally {
    directory.closeSync()
  }
}

/**
 * The contents of a file that may keep its reader waiting; undefined if it does, or cannot be read. Of these are
 * /proc/PID/cmdline, which is read from memory of the process (it may have mapped a file of a file system that does not
 * answer there), and /proc/PID/maps, which takes the lock of its addresses. So another process reads it, and is killed.
 */
export function readInTime(file: string, limitMs = timeLimitMs): string | undefined {
  const options = { encoding: 'utf8', maxBuffer: 2 ** 26, killSignal: 'SIGKILL' } as const
  const { status, stdout } = spawnSync('cat', [file], { ...options, timeout: limitMs })
  return status === 0 ? stdout : undefined
}

/** A file that is in no folder and has a page's size: no pipe or device, whose reading could block. */
function isPage(stats: Stats | undefined): boolean {
  return stats?.isFile() === true && stats.nlink === 0 && fileBytes.includes(stats.size)
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}

/** One consistent state of the page; undefined if the file is no page, or was being written until `end`. */
function readPage(file: string, end: number): Buffer | undefined {
  if (!isPage(statSync(file, { throwIfNoEntry: false }))) return undefined
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  try {
    if (!isPage(fstatSync(descriptor))) return undefined // the descriptor has another file by now
    const page = Buffer.alloc(pageBytes)
    const again = Buffer.alloc(4)
    for (let i = 0; i === 0 || performance.now() < end; i++) {
      if (readSync(descriptor, page, 0, pageBytes, 0) < statsOffset) return undefined
      const sequence = page.readUInt32LE(offsets.sequence)
      // The read is one call but not atomic: the contents belong together if the sequence number is still the same.
      readSync(descriptor, again, 0, 4, offsets.sequence)
      if (sequence % 2 === 0 && again.readUInt32LE(0) === sequence)
        return page.readUInt32LE(offsets.magic) === magic ? page : undefined
      if (i % triesAtOnce === triesAtOnce - 1)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
    }
    return undefined
  } finally {
    closeSync(descriptor)
  }
}

function parsed(pid: number, page: Buffer): Publication | NoPublication {
  const version = printable(
    page.toString('latin1', offsets.version, offsets.version + versionBytes).replace(/\0.*$/s, ''),
  )
  if (page.readUInt32LE(offsets.layout) !== layout)
    return {
      pid,
      reason: 'other-version',
      message: `process ${pid} has superslab ${version}, whose page this version cannot read`,
    }
  const count = page.readUInt32LE(offsets.count)
  const stats = Object.fromEntries(
    statNames.map((name, i) => [
      name,
      i < count ? Number(page.readBigUInt64LE(statsOffset + 8 * i)) : 0,
    ]),
  ) as unknown as RawStats
  const time = new Date(Number(page.readBigUInt64LE(offsets.time) / 1_000_000n))
  if (Number.isNaN(time.getTime())) return unreadable(pid, 'its page makes no sense')
  const hardened = Math.min(page.readUInt32LE(offsets.hardened), 2) as Level
  return { pid, version, hardened, time, stats, ranges: parsedRanges(page) }
}

function parsedRanges(page: Buffer): OwnRange[] {
  const count = Math.min(page.readUInt32LE(ranges.offset), ranges.most)
  return Array.from({ length: count }, (_, i) => {
    const at = ranges.first + i * ranges.bytes
    const start = Number(page.readBigUInt64LE(at))
    const kind = rangeKinds[page.readUInt32LE(at + 16) - 1]
    return kind && { start, end: start + Number(page.readBigUInt64LE(at + 8)), kind }
  }).filter((range) => range !== undefined)
}

/** Writes control characters, and those that change the direction of writing, as a JavaScript string would. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}

/** The process's number in its own PID namespace. */
function innerPid(pid: number): number {
  const numbers = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^NSpid:\s+(.*)$/m)?.[1]
  return Number(numbers?.split(/\s+/).at(-1) ?? pid)
}

function none(pid: number, inherited: boolean, limitMs: number): NoPublication {
  if (inherited)
    return {
      pid,
      reason: 'not-yet',
      message: `process ${pid} has no readable page of superslab: it has just forked, or was stopped while it wrote the page, or the file is no such page`,
    }
  const environment = environmentOf(pid, limitMs)
  if (isPreloaded(pid, limitMs))
    return {
      pid,
      reason: 'passes-through',
      message: `process ${pid} has loaded superslab and is not served: ${whyPassed(environment)}`,
    }
  return {
    pid,
    reason: 'not-active',
    message: `process ${pid} is not served: ${whyNotLoaded(environment)}`,
  }
}

/**
 * Why superslab is not the malloc of a process that publishes; undefined if it is. A process that loads the package
 * without the preload library publishes the memory of its Buffers and addons.
 */
export function whyOnlyAddon(pid: number, limitMs = timeLimitMs): string | undefined {
  if (isPreloaded(pid, limitMs)) return undefined
  const reason = whyNotLoaded(environmentOf(pid, limitMs))
  return `process ${pid} uses superslab for Buffers and addons, but not as its malloc: ${reason}`
}

/** The environment that the process started with; undefined if it cannot be read. */
function environmentOf(pid: number, limitMs: number): Map<string, string> | undefined {
  const text = readInTime(`/proc/${pid}/environ`, limitMs)
  if (text === undefined) return undefined
  return new Map(
    text.split('\0').map((line) => [line.replace(/=.*$/s, ''), line.replace(/^[^=]*=/, '')]),
  )
}

function whyPassed(environment: Map<string, string> | undefined): string {
  const children = printable(withoutRoot(environment?.get('SUPERSLAB_CHILDREN') ?? ''))
  const excluded = children === '' ? '' : `SUPERSLAB_CHILDREN=${children} excludes it, or `
  return `${excluded}it has a malloc of its own, or it closed the descriptor of its page`
}

function whyNotLoaded(environment: Map<string, string> | undefined): string {
  if (environment === undefined) return 'its environment cannot be read'
  const preloaded = environment.get('LD_PRELOAD')
  if (!preloaded?.includes('libsuperslab'))
    return 'its environment has no LD_PRELOAD with the library; start it with superslab run, or let its supervisor pass the variable on'
  return `its LD_PRELOAD is ${printable(preloaded)}, which the loader did not load: the file is missing there, or the program is static, for another C library, or has rights of its own`
}

/** A process that has ended stays in /proc until its parent waits for it. */
function hasEnded(pid: number): boolean {
  return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

function gone(pid: number): NoPublication {
  return { pid, reason: 'no-such-process', message: `there is no process ${pid}` }
}

function unreadable(pid: number, why: string): NoPublication {
  return { pid, reason: 'unreadable', message: `process ${pid} cannot be read: ${why}` }
}

function isPreloaded(pid: number, limitMs: number): boolean {
  return /\/libsuperslab[^/\n]*$/m.test(readInTime(`/proc/${pid}/maps`, limitMs) ?? '')
}

function refused(pid: number, error: NodeJS.ErrnoException): NoPublication {
  if (process.platform !== 'linux')
    return { pid, reason: 'no-proc', message: 'this needs Linux, because it reads /proc' }
  if (error.code === 'EACCES' || error.code === 'EPERM')
    return {
      pid,
      reason: 'not-permitted',
      message: `process ${pid} belongs to another user: run this as that user or as root`,
    }
  if (error.code === 'ENOENT' || error.code === 'ESRCH') return gone(pid)
  return unreadable(pid, error.message)
}
