import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import type { RawStats } from './native'

/*
 * Reads the page that every process with a heap of superslab publishes: native/core/publish.h. It is a file without a
 * name among the process's descriptors, so whoever may look into /proc/PID/fd may read it.
 */

/** What a process has published of its heap. */
export interface Publication {
  pid: number
  /** The version of superslab there. */
  version: string
  /** When the figures were right. */
  time: Date
  stats: RawStats
}

export type WhyNot =
  | 'no-such-process'
  | 'not-permitted'
  | 'not-active'
  | 'passes-through'
  | 'not-yet'
  | 'other-version'
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
] as const satisfies readonly (keyof RawStats)[]

const fileName = '/memfd:superslab'

const magic = 0x42_4c_53_53
const layout = 1
const offsets = { magic: 0, layout: 4, sequence: 8, process: 12, time: 16, count: 24, version: 28 }
const versionBytes = 16
const statsOffset = 48
const pageBytes = 4096
/** Writing takes the process microseconds, unless it has to wait in the middle for a processor, or is stopped. */
const tries = 1000
const triesAtOnce = 20
const pauseMs = 1

/** What process `pid` publishes, or why that cannot be read. */
export function readPublication(pid: number): Publication | NoPublication {
  try {
    if (hasEnded(pid)) return gone(pid)
    const pages = pageFiles(pid).map((file) => readPage(file))
    const own = pages.find((page) => page && page.readUInt32LE(offsets.process) === innerPid(pid))
    return own ? parsed(pid, own) : none(pid, pages.length > 0)
  } catch (error) {
    return refused(pid, error as NodeJS.ErrnoException)
  }
}

function pageFiles(pid: number): string[] {
  const directory = `/proc/${pid}/fd`
  return readdirSync(directory)
    .map((descriptor) => `${directory}/${descriptor}`)
    .filter((file) => linkOf(file).startsWith(fileName))
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}

/** One consistent state of the page; undefined if it is none, or was being written all the time. */
function readPage(file: string): Buffer | undefined {
  const descriptor = openSync(file, 'r')
  try {
    const page = Buffer.alloc(pageBytes)
    const again = Buffer.alloc(4)
    for (let i = 0; i < tries; i++) {
      if (readSync(descriptor, page, 0, pageBytes, 0) < statsOffset) return undefined
      const sequence = page.readUInt32LE(offsets.sequence)
      // Read in one piece, but not in one moment: what it holds was there if the number still is.
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
  const version = page
    .toString('latin1', offsets.version, offsets.version + versionBytes)
    .replace(/\0.*$/, '')
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
  return { pid, version, time, stats }
}

/** The process's number as itself sees it, which in a container is another one. */
function innerPid(pid: number): number {
  const numbers = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^NSpid:\s+(.*)$/m)?.[1]
  return Number(numbers?.split(/\s+/).at(-1) ?? pid)
}

function none(pid: number, inherited: boolean): NoPublication {
  if (inherited)
    return {
      pid,
      reason: 'not-yet',
      message: `process ${pid} has no readable page yet: it has just been forked, or is stopped in the middle of writing`,
    }
  if (isMapped(pid))
    return {
      pid,
      reason: 'passes-through',
      message: `process ${pid} has loaded superslab, which does not serve it: it lets all calls through, or the process closed the descriptor of its page`,
    }
  return { pid, reason: 'not-active', message: `superslab does not serve process ${pid}` }
}

/** A process that nobody has waited for yet is an entry in /proc and no more. */
function hasEnded(pid: number): boolean {
  return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

function gone(pid: number): NoPublication {
  return { pid, reason: 'no-such-process', message: `there is no process ${pid}` }
}

function isMapped(pid: number): boolean {
  return /\/(lib)?superslab[^/\n]*$/m.test(readFileSync(`/proc/${pid}/maps`, 'utf8'))
}

function refused(pid: number, error: NodeJS.ErrnoException): NoPublication {
  if (process.platform !== 'linux')
    return { pid, reason: 'no-proc', message: 'this needs Linux: it looks into /proc' }
  if (error.code === 'EACCES' || error.code === 'EPERM')
    return {
      pid,
      reason: 'not-permitted',
      message: `process ${pid} is not yours to look into: ask as its user, or as root`,
    }
  if (error.code === 'ENOENT' || error.code === 'ESRCH') return gone(pid)
  throw error
}
