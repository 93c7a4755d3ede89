import { Calls, call, lastAllocation, type Recording } from './calls'
import { damaged, notARecording } from './failure'
import { Varints } from './varint'

// docs/recording.md explains these.
export const magic = 'SLABREC\n'
const version = 1
const headBytes = 40
const commandBytesMost = 1024
const partMagic = 0x54524150
const partHeadBytes = 32
const hasSequence = 0x10
const callMask = 0x0f
const anchorShift = 5
const anchorCount = 4

/** Of a call, in a recording of many. */
const bytesUsual = 4

/** More than a recorder leaves out between two calls: the file lacks calls of other threads. */
const gapsMost = 64

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
  if (found !== version)
    throw notARecording(file, `has version ${found} of the format; this reads version ${version}`)
  const head = bytes.readUInt32LE(12)
  const commandBytes = bytes.readUInt32LE(36)
  if (head < headBytes || commandBytes > commandBytesMost || commandBytes > head - headBytes)
    throw damaged(file, 12, 'its head has impossible lengths')
  const command = bytes.toString('utf8', headBytes, headBytes + commandBytes)
  const raw = new Unordered(Math.ceil(bytes.length / bytesUsual))
  for (let at = head; at < bytes.length; ) {
    if (at + partHeadBytes > bytes.length) throw damaged(file, at, 'a part goes beyond its end')
    const length = bytes.readUInt32LE(at + 4)
    const isPart = bytes.readUInt32LE(at) === partMagic
    if (!isPart && length === 0) break // the process ended before it had written the part's head
    if (!isPart || length < partHeadBytes) throw damaged(file, at, 'no part begins there')
    if (at + length > bytes.length) throw damaged(file, at, 'a part goes beyond its end')
    readPart(file, bytes, at, at + length, raw)
    at += length
  }
  return {
    format: 'superslab',
    command: command.replace(/\0+$/, '').replaceAll('\0', ' '),
    stopped: bytes.readUInt32LE(32) !== 0,
    calls: inOrder(file, raw),
  }
}

function readPart(file: string, bytes: Buffer, start: number, end: number, raw: Unordered): void {
  let thread = bytes.readUInt32LE(start + 8)
  let sequence = Number(bytes.readBigUInt64LE(start + 16))
  const anchors = Array<number>(anchorCount).fill(Number(bytes.readBigUInt64LE(start + 24)))
  const input = new Varints(bytes, start + partHeadBytes, end, (at, why) => damaged(file, at, why))
  let anchor = 0
  const move = () => {
    const address = (anchors[anchor] as number) + input.signed()
    anchors[anchor] = address
    if (address < 0 || !Number.isSafeInteger(address))
      throw damaged(file, input.at, 'an address is impossible')
    return address
  }
  while (input.at < end) {
    const first = input.byte()
    if (first === 0) break
    const kind = first & callMask
    if (kind === 0 || first > 0x7f) throw damaged(file, input.at - 1, 'there is no such record')
    anchor = first >> anchorShift
    if (kind === call.threadBegins) {
      thread = input.number()
      continue
    }
    sequence += 1 + (first & hasSequence ? input.number() : 0)
    if (!Number.isSafeInteger(sequence)) throw damaged(file, input.at, 'the order is impossible')
    if (kind === call.threadEnds) {
      raw.note(sequence, thread, kind, 0)
    } else if (kind === call.realloc) {
      const before = move()
      const size = input.number()
      raw.note(sequence, thread, call.release, before)
      const block = move()
      sequence += 1 + input.number()
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

function isAligned(kind: number): boolean {
  return kind === call.aligned || kind === call.posixMemalign || kind === call.newAligned
}

/** Sorts by the order of all threads, which has few gaps: each call has its place in a table. */
function inOrder(file: string, raw: Unordered): Calls {
  const calls = new Calls(raw.count)
  let first = Number.POSITIVE_INFINITY
  let last = 0
  for (let index = 0; index < raw.count; index++) {
    const one = raw.sequence[index] as number
    if (one < first) first = one
    if (one > last) last = one
  }
  if (raw.count === 0) return calls
  if (last - first > gapsMost * raw.count + 2 ** 20)
    throw damaged(file, 0, 'the order of its calls has too many gaps')
  const places = new Uint32Array(last - first + 1)
  for (let index = 0; index < raw.count; index++) {
    const place = (raw.sequence[index] as number) - first
    if (places[place] !== 0) throw damaged(file, 0, 'two calls have the same place')
    places[place] = index + 1
  }
  for (let place = 0; place < places.length; place++)
    if (places[place] !== 0) copy(raw, (places[place] as number) - 1, calls)
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
