import { Calls, call, type Recording } from './calls'
import { damaged } from './failure'

/** Android's format: `186: malloc 0xb6038060 20`, in later versions with the times of begin and end. */
const android = /^(\d+): (\w+) (0x[0-9a-fA-F]+)((?: (?:0x[0-9a-fA-F]+|\d+))*)$/
/** Of `valgrind --trace-malloc=yes`: `--28805-- malloc(72704) = 0x4DD4040`; a realloc of nothing comes before its malloc. */
const valgrind = /^--\d+-- (?:realloc\([^()]*\)(?=\w))?(\w+)\(([^()]*)\)(?: = (0x[0-9A-F]+))?$/

const isOfFamily =
  /^(malloc|calloc|realloc|c?free|memalign|posix_memalign|aligned_alloc|_Z[nd][wal].*)$/

export function isAndroid(line: string): boolean {
  return android.test(line)
}

export function isValgrind(line: string): boolean {
  return /^(==|--)\d+\1 /.test(line)
}

export function readAndroid(file: string, bytes: Buffer): Recording {
  const calls = new Calls()
  for (const { line, at } of lines(bytes)) {
    const [, thread = '', name = '', pointer = '', rest = ''] = line.match(android) ?? []
    if (name === '') throw damaged(file, at, 'a line is not a call')
    const numbers = rest.trim().split(' ').filter(Boolean).map(Number)
    if (!androidCall(calls, Number(thread), name, Number(pointer), numbers))
      throw damaged(file, at, `there is no call ${name} of that form`)
  }
  return { format: 'memory_replay', command: '', stopped: false, calls }
}

/** A pointer of 0 is from an allocation that failed, or a free that does nothing. */
function androidCall(
  calls: Calls,
  thread: number,
  name: string,
  block: number,
  [first = Number.NaN, second = Number.NaN]: number[],
): boolean {
  const complete = { malloc: first, free: 0, realloc: second, thread_done: 0 }[name] ?? second
  if (!Number.isFinite(name === 'calloc' ? first * second : complete)) return false
  switch (name) {
    case 'malloc':
      if (block) calls.push(thread, call.malloc, block, first)
      return true
    case 'calloc':
      if (block) calls.push(thread, call.calloc, block, first * second)
      return true
    case 'memalign':
      if (block) calls.push(thread, call.aligned, block, second, logarithm(first))
      return true
    case 'realloc':
      reallocate(calls, thread, first, block, second)
      return true
    case 'free':
      if (block) calls.push(thread, call.free, block)
      return true
    case 'thread_done':
      calls.push(thread, call.threadEnds, 0)
      return true
    default:
      return false
  }
}

export function readValgrind(file: string, bytes: Buffer): Recording {
  const calls = new Calls()
  let command = ''
  for (const { line, at } of lines(bytes)) {
    command ||= line.match(/^==\d+== Command: (.*)/)?.[1] ?? ''
    const [, name = '', list = '', result = '0'] = line.match(valgrind) ?? []
    if (name === '') continue // what else valgrind or the program has to say
    const given = list.split(',').map((one) => Number(one.trim().split(' ').at(-1)))
    // Other functions, such as malloc_usable_size, and the program's own output in this form.
    if (!isOfFamily.test(name)) continue
    if (given.some(Number.isNaN)) throw damaged(file, at, 'the arguments of a call are not numbers')
    valgrindCall(calls, name, given, Number(result))
  }
  return { format: 'valgrind', command, stopped: false, calls }
}

function valgrindCall(
  calls: Calls,
  name: string,
  [first = 0, second = 0]: number[],
  block: number,
): void {
  if (name === 'free' || name === 'cfree') {
    if (first) calls.push(0, call.free, first)
  } else if (/^_Zd[la]Pv/.test(name)) {
    if (first) calls.push(0, call.delete, first)
  } else if (name === 'realloc') {
    reallocate(calls, 0, first, block, second)
  } else if (block === 0) {
    return
  } else if (name === 'calloc') {
    calls.push(0, call.calloc, block, first * second)
  } else if (/memalign|aligned_alloc/.test(name)) {
    calls.push(0, call.aligned, block, second, logarithm(first))
  } else if (/^_Zn[wa]mSt11align_val_t/.test(name)) {
    calls.push(0, call.newAligned, block, first, logarithm(second))
  } else if (/^_Zn[wa]/.test(name)) {
    calls.push(0, call.new, block, first)
  } else if (name === 'malloc') {
    calls.push(0, call.malloc, block, first)
  }
}

function reallocate(calls: Calls, thread: number, before: number, after: number, size: number) {
  if (before === 0) {
    if (after) calls.push(thread, call.malloc, after, size)
  } else if (size === 0) {
    calls.push(thread, call.free, before)
  } else if (after) {
    calls.push(thread, call.release, before)
    calls.push(thread, call.realloc, after, size, 0, before)
  }
}

function logarithm(alignment: number): number {
  return alignment > 1 ? Math.ceil(Math.log2(alignment)) : 0
}

/** Line by line: a file may be longer than a string can be. */
function* lines(bytes: Buffer): Generator<{ line: string; at: number }> {
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(10, at)
    const end = found < 0 ? bytes.length : found
    const line = bytes.toString('latin1', at, end).trimEnd()
    if (line !== '') yield { line, at }
    at = end + 1
  }
}
