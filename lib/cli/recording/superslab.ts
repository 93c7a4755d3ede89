import { Calls, call, lastAllocation, type Recording } from './calls'
import { damaged, notARecording } from './failure'
import { Varints } from './varint'

// docs/recording.md explains these.
export const magic = 'SLABREC\n'
const newest = 2
const headBytes = 40
const commandBytesMost = 1024
const partMagic = 0x54524150
const partHeadBytes = [0, 32, 48] as const // by version
const windowMagic = 0x444e4957
const windowHeadBytes = 24
const numbers = 14
const longRecord = 15
const unitShift = 4
const hasSequence = 0x10
const callMask = 0x0f
const anchorShift = 5
const anchorCount = 4

/** Of a call, in a recording of many. */
const bytesUsual = 4

/** Calls in the order of the file, each with its place in the order of all threads. */
class Unordered extends Calls {
  sequence: Float64Array<ArrayBuffer>

  constructor(room: number) {
    super(room)
    this.sequence = new Float64Array(room)
  }

  note(
    sequence: number,
    thread: number,
    kind: number,
    block: number,
    size = 0,
    alignment = 0,
    before = 0,
  ): void {
    if (this.count === this.sequence.length) {
      const wider = new Float64Array(this.sequence.length * 2 + 1)
      wider.set(this.sequence)
      this.sequence = wider
    }
    this.sequence[this.count] = sequence
    this.push(thread, kind, block, size, alignment, before)
  }
}

/** Reads a recording of `superslab run --record`, complete even if its process was killed: a zero ends each part. */
export function readSuperslab(file: string, bytes: Buffer): Recording {
  if (bytes.length < headBytes) throw notARecording(file, 'is shorter than the head of a recording')
  const found = bytes.readUInt32LE(8)
  if (found < 1 || found > newest)
    throw notARecording(file, `has version ${found} of the format; this reads up to ${newest}`)
  const head = bytes.readUInt32LE(12)
  const commandBytes = bytes.readUInt32LE(36)
  if (head < headBytes || commandBytes > commandBytesMost || commandBytes > head - headBytes)
    throw damaged(file, 12, 'its head has impossible lengths')
  const command = bytes.toString('utf8', headBytes, headBytes + commandBytes)
  const raw = new Unordered(Math.ceil(bytes.length / bytesUsual))
  const turns = found === 1 ? new Map<number, bigint>() : readWindows(file, bytes, head, raw)
  for (const [at, length] of pieces(file, bytes, head)) {
    if (bytes.readUInt32LE(at) !== partMagic) continue
    // What a window still has may be in the file as well, whole or in part.
    if (found !== 1 && isInWindow(bytes, at, turns)) continue
    if (at + length > bytes.length) throw damaged(file, at, 'a part goes beyond its end')
    readPart(file, bytes, at, at + length, found, raw)
  }
  return {
    format: 'superslab',
    command: command.replace(/\0+$/, '').replaceAll('\0', ' '),
    stopped: bytes.readUInt32LE(32) !== 0,
    calls: inOrder(file, raw),
  }
}

/** The parts and windows from `start` on: where each begins, and its length. The last one may be incomplete. */
function* pieces(file: string, bytes: Buffer, start: number): Generator<[number, number]> {
  for (let at = start; at < bytes.length; ) {
    if (at + windowHeadBytes > bytes.length) throw damaged(file, at, 'a part goes beyond its end')
    const length = bytes.readUInt32LE(at + 4)
    const magic = bytes.readUInt32LE(at)
    if (magic === 0) return // the process ended before it had written the part's head
    if (magic !== partMagic && magic !== windowMagic)
      throw damaged(file, at, 'no part begins there')
    if (length < windowHeadBytes) throw damaged(file, at, 'no part begins there')
    yield [at, length]
    at += length
  }
}

function isInWindow(bytes: Buffer, at: number, turns: Map<number, bigint>): boolean {
  if (at + partHeadBytes[2] > bytes.length) return true // it was being copied from its window
  return turns.get(bytes.readUInt32LE(at + 12)) === bytes.readBigUInt64LE(at + 32)
}

/** Reads the part of each window that was being written last. Returns which one that is, by the window's number. */
function readWindows(
  file: string,
  bytes: Buffer,
  start: number,
  raw: Unordered,
): Map<number, bigint> {
  const turns = new Map<number, bigint>()
  for (const [at, length] of pieces(file, bytes, start)) {
    if (bytes.readUInt32LE(at) !== windowMagic) continue
    if (at + length > bytes.length) throw damaged(file, at, 'a window goes beyond its end')
    const part = bytes.readUInt32LE(at + 12)
    const turn = bytes.readBigUInt64LE(at + 16)
    if (part < partHeadBytes[2] || part * 2 > length - windowHeadBytes)
      throw damaged(file, at, 'a window has impossible lengths')
    const place = at + length - part * (turn % 2n === 0n ? 2 : 1)
    readPart(file, bytes, place, place + part, 2, raw)
    turns.set(bytes.readUInt32LE(at + 8), turn)
  }
  return turns
}

function readPart(
  file: string,
  bytes: Buffer,
  start: number,
  end: number,
  version: number,
  raw: Unordered,
): void {
  const headLength = partHeadBytes[version] as number
  if (end - start < headLength) throw damaged(file, start, 'a part is shorter than its head')
  let thread = bytes.readUInt32LE(start + 8)
  let sequence = Number(bytes.readBigUInt64LE(start + 16))
  const base = version === 1 ? 0 : Number(bytes.readBigUInt64LE(start + 40))
  /** The number that the file has given last. */
  let given = sequence
  const anchors = Array<number>(anchorCount).fill(Number(bytes.readBigUInt64LE(start + 24)))
  const input = new Varints(bytes, start + headLength, end, (at, why) => damaged(file, at, why))
  let anchor = 0
  const move = () => {
    const address = (anchors[anchor] as number) + input.signed()
    anchors[anchor] = address
    if (address < 0 || !Number.isSafeInteger(address))
      throw damaged(file, input.at, 'an address is impossible')
    return address
  }
  while (input.at < end) {
    let first = input.byte()
    if (first === 0) break
    if (version !== 1 && first === numbers) {
      given += input.number()
      sequence = given
      continue
    }
    if (version !== 1 && first !== longRecord) {
      readShort(file, input, first, base, ++sequence, thread, raw)
      continue
    }
    if (version !== 1) first = input.byte()
    const kind = first & callMask
    if (kind === 0 || first > 0x7f) throw damaged(file, input.at - 1, 'there is no such record')
    anchor = first >> anchorShift
    if (kind === call.threadBegins) {
      thread = input.number()
      continue
    }
    sequence = (version === 1 ? sequence : given) + 1
    if (first & hasSequence) sequence += input.number()
    given = sequence
    if (!Number.isSafeInteger(sequence)) throw damaged(file, input.at, 'the order is impossible')
    if (kind === call.threadEnds) {
      raw.note(sequence, thread, kind, 0)
    } else if (kind === call.realloc) {
      const before = move()
      const size = input.number()
      raw.note(sequence, thread, call.release, before)
      const block = move()
      sequence += 1 + input.number()
      given = sequence
      raw.note(sequence, thread, kind, block, size, 0, before)
    } else if (kind <= lastAllocation) {
      const alignment = isAligned(kind) ? input.byte() : 0
      if (alignment > 63) throw damaged(file, input.at - 1, 'an alignment is impossible')
      const size = input.number()
      raw.note(sequence, thread, kind, move(), size, alignment)
    } else {
      raw.note(sequence, thread, kind, move())
    }
  }
}

/** A call that a thread's bins served: four bytes, and the size of a new block. */
function readShort(
  file: string,
  input: Varints,
  first: number,
  base: number,
  sequence: number,
  thread: number,
  raw: Unordered,
): void {
  const kind = first & callMask
  const isNew = kind === call.malloc || kind === call.calloc || kind === call.new
  if (!isNew && (kind <= lastAllocation || kind > call.deleteAligned))
    throw damaged(file, input.at - 1, 'there is no such record')
  const offset = first + input.byte() * 2 ** 8 + input.byte() * 2 ** 16 + input.byte() * 2 ** 24
  const block = base + Math.floor(offset / 2 ** unitShift)
  if (!Number.isSafeInteger(block) || !Number.isSafeInteger(sequence))
    throw damaged(file, input.at, 'an address is impossible')
  raw.note(sequence, thread, kind, block, isNew ? input.byte() + input.byte() * 2 ** 8 : 0)
}

function isAligned(kind: number): boolean {
  return kind === call.aligned || kind === call.posixMemalign || kind === call.newAligned
}

/**
 * Sorts by the order of all threads. A thread draws several numbers at once, so the calls are runs in which the order is
 * right already.
 */
function inOrder(file: string, raw: Unordered): Calls {
  const { sequence, count } = raw
  const calls = new Calls(count)
  const starts: number[] = []
  for (let index = 0; index < count; index++)
    if (index === 0 || sequence[index] !== (sequence[index - 1] as number) + 1) starts.push(index)
  const runs = new Uint32Array(starts)
  runs.sort((one, other) => (sequence[one] as number) - (sequence[other] as number))
  let last = -1
  for (const start of runs) {
    for (let index = start; index < count; index++) {
      const place = sequence[index] as number
      if (index > start && place !== last + 1) break
      if (place <= last) throw damaged(file, 0, 'two calls have the same place')
      last = place
      copy(raw, index, calls)
    }
  }
  return calls
}

function copy(from: Calls, at: number, to: Calls): void {
  const { thread, call: kind, block, size, alignment, before } = from
  to.push(
    thread[at] as number,
    kind[at] as number,
    block[at] as number,
    size[at],
    alignment[at],
    before[at],
  )
}
