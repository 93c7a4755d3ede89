import { readInTime } from '../../publication'

/** One mapping of a process, as /proc/PID/smaps shows it. */
export interface Mapping {
  start: number
  end: number
  /** `rw-p` and the like. */
  access: string
  /** A file's path, `[heap]` and the like, or empty. */
  name: string
  isFile: boolean
  residentBytes: number
  /** Of these, the process's own copies: not a file's. */
  anonymousBytes: number
  swapBytes: number
  /** Two letters each; proc(5) has their meanings. */
  flags: ReadonlySet<string>
}

/** A process with the most mappings that the kernel allows has 65,530: its smaps takes a second. */
const limitMs = 20_000

/** Undefined if the process has ended, does not let itself be read, or does not answer. */
export function readMappings(pid: number): Mapping[] | undefined {
  const text = readInTime(`/proc/${pid}/smaps`, limitMs)
  return text === undefined || text === '' ? undefined : parseMappings(text)
}

const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+) *(.*)$/
const field = /^(\w+): +(\d+) kB$/

export function parseMappings(text: string): Mapping[] {
  const found: Mapping[] = []
  let last: Mapping | undefined
  for (const line of text.split('\n')) {
    const head = header.exec(line)
    if (head) {
      const next = begun(head)
      // The kernel tells a mapping twice if it grew behind the part that was read: the second time counts.
      if (last && next.start < last.end) found.pop()
      last = next
      found.push(last)
    } else if (last) add(last, line)
  }
  return found
}

function begun([, start = '', end = '', access = '', inode = '', name = '']: RegExpExecArray) {
  return {
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
    access,
    name,
    isFile: inode !== '0',
    residentBytes: 0,
    anonymousBytes: 0,
    swapBytes: 0,
    flags: new Set<string>(),
  } satisfies Mapping
}

function add(mapping: Mapping, line: string): void {
  if (line.startsWith('VmFlags:')) {
    mapping.flags = new Set(line.slice('VmFlags:'.length).trim().split(' '))
    return
  }
  const [, name, kibibytes] = field.exec(line) ?? []
  const bytes = 1024 * Number(kibibytes)
  if (name === 'Rss') mapping.residentBytes = bytes
  else if (name === 'Anonymous') mapping.anonymousBytes = bytes
  else if (name === 'Swap') mapping.swapBytes = bytes
}
