import { gzipSync } from 'node:zlib'
import type { Frame } from './frame'
import type { Library, Profile, Stack } from './profile'
import { Message } from './protobuf'

/*
 * The format of pprof: https://github.com/google/pprof/blob/main/proto/profile.proto. Numbers of fields are those of
 * that file.
 */

/** Kinds of figures, in the order of the values of a sample. */
const sampleTypes = [
  ...[{ type: 'inuse_objects', unit: 'count', of: (stack: Stack) => stack.inUseObjects }],
  ...[{ type: 'inuse_space', unit: 'bytes', of: (stack: Stack) => stack.inUseBytes }],
  ...[{ type: 'alloc_objects', unit: 'count', of: (stack: Stack) => stack.allocObjects }],
  ...[{ type: 'alloc_space', unit: 'bytes', of: (stack: Stack) => stack.allocBytes }],
]

/** The profile as pprof reads it, packed by gzip. */
export function toPprof(profile: Profile): Buffer {
  return gzipSync(new Writer(profile).message().encoded())
}

class Writer {
  private readonly out = new Message()
  private readonly strings = new Map<string, number>([['', 0]])
  private readonly functions = new Map<string, number>()
  private readonly locations = new Map<Frame, Map<number, number>>()
  private readonly mappings: readonly Library[]
  private locationCount = 0

  constructor(private readonly profile: Profile) {
    // pprof takes the first mapping for the program's.
    const others = ({ path }: Library) => Number(path !== profile.program)
    this.mappings = profile.libraries.toSorted((a, b) => others(a) - others(b))
  }

  message(): Message {
    const { out, profile } = this
    const [started, taken] = [profile.started, profile.taken].map(
      (date) => BigInt(date.getTime()) * 1_000_000n,
    ) as [bigint, bigint]
    for (const { type, unit } of sampleTypes) out.message(1, this.valueType(type, unit))
    for (const stack of profile.stacks) out.message(2, this.sample(stack))
    this.mappings.forEach((library, i) => void out.message(3, this.mapping(library, i + 1)))
    out
      .integer(9, taken)
      .integer(10, taken - started)
      .message(11, this.valueType('space', 'bytes'))
      .integer(12, profile.intervalBytes)
      .integer(14, this.string('inuse_space'))
    for (const note of profile.notes) out.integer(13, this.string(note))
    for (const text of this.strings.keys()) out.text(6, text)
    return out
  }

  private valueType(type: string, unit: string): Message {
    return new Message().integer(1, this.string(type)).integer(2, this.string(unit))
  }

  private sample(stack: Stack): Message {
    const locations = stack.frames.map((frame, i) => this.location(frame, stack.addresses[i] ?? 0))
    const values = sampleTypes.map(({ of }) => Math.round(of(stack)))
    const sample = new Message().integers(1, locations).integers(2, values)
    if (stack.label === '') return sample
    const [key, value] = labelOf(stack.label)
    return sample.message(
      3,
      new Message().integer(1, this.string(key)).integer(2, this.string(value)),
    )
  }

  private mapping({ start, end, offset, path, buildId, hasSymbols }: Library, id: number): Message {
    return new Message()
      .integer(1, id)
      .integer(2, start)
      .integer(3, end)
      .integer(4, offset)
      .integer(5, this.string(path))
      .integer(6, this.string(buildId))
      .boolean(7, hasSymbols)
  }

  private location(frame: Frame, address: number): number {
    const known = this.locations.get(frame) ?? new Map<number, number>()
    this.locations.set(frame, known)
    let id = known.get(address)
    if (id === undefined) {
      id = ++this.locationCount
      known.set(address, id)
      const line = new Message().integer(1, this.function(frame)).integer(2, frame.line)
      const mapping = this.mappings.findIndex(
        ({ start, end }) => address - 1 >= start && address - 1 < end,
      )
      this.out.message(
        4,
        new Message()
          .integer(1, id)
          .integer(2, mapping + 1)
          .integer(3, address)
          .message(4, line.integer(3, frame.column)),
      )
    }
    return id
  }

  private function(frame: Frame): number {
    const { name, systemName, file, library, kind, line } = frame
    // Of machine code the frame has the line of the call, so calls from different lines are one function.
    const start = kind === 'javascript' ? line : 0
    const key = JSON.stringify([name, systemName, file || library, start])
    let id = this.functions.get(key)
    if (id === undefined) {
      id = this.functions.size + 1
      this.functions.set(key, id)
      this.out.message(
        5,
        new Message()
          .integer(1, id)
          .integer(2, this.string(name))
          .integer(3, this.string(systemName))
          .integer(4, this.string(file || library))
          .integer(5, start),
      )
    }
    return id
  }

  private string(text: string): number {
    let index = this.strings.get(text)
    if (index === undefined) {
      index = this.strings.size
      this.strings.set(text, index)
    }
    return index
  }
}

/** `route=/orders` is a label with that name; a text without one is named "label". */
export function labelOf(text: string): [key: string, value: string] {
  const [, key, value] = text.match(/^([\w.-]+)=(.*)$/s) ?? []
  return key !== undefined && value !== undefined ? [key, value] : ['label', text]
}
