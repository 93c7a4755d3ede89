import { readFileSync } from 'node:fs'
import { damaged, notAProfile } from './failure'
import { type Mapping, parseMapping } from './mapping'

/** What the native code writes: addresses and figures, without a name. See docs/profile-format.md. */
export interface RawProfile {
  pid: number
  program: string
  /** Nanoseconds since 1970: when sampling began, and when the snapshot was made. */
  startNs: bigint
  timeNs: bigint
  /** Mean of the bytes between two samples. */
  interval: number
  stacksUsed: number
  stacksLimit: number
  samples: number
  /** Samples that are in no stack: the table was full, or a handler allocated while the profile worked on its thread. */
  lost: number
  /** The engine's map of its compiled code; undefined if there is none. */
  perfMap: string | undefined
  labels: Map<number, string>
  stacks: RawStack[]
  mappings: Mapping[]
}

/** Estimates of one stack. */
export interface RawStack extends Figures {
  label: number
  /** Sizes of the engine's map when the first and the last sample of the stack were taken. */
  first: number
  last: number
  /** Return addresses, the innermost first. */
  addresses: number[]
}

export interface Figures {
  inUseObjects: number
  inUseBytes: number
  allocObjects: number
  allocBytes: number
}

const magic = 'superslab profile '
const version = 1

export function readRaw(file: string): RawProfile {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw notAProfile(file, `cannot be read: ${(error as Error).message}`)
  }
  return parseRaw(text, file)
}

/** Whether the file begins as a raw profile. */
export function isRaw(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .subarray(0, magic.length)
    .equals(Buffer.from(magic))
}

/** `file` is its name in errors. */
export function parseRaw(text: string, file: string): RawProfile {
  if (!text.startsWith(magic)) throw notAProfile(file, 'is not a profile of superslab')
  const lines = text.split('\n')
  const found = Number(lines[0]?.slice(magic.length))
  if (found !== version)
    throw notAProfile(file, `has format ${found}, which this version cannot read`)
  return new Parser(file).parse(lines)
}

/** Lines that must be there once; `perfmap` is optional. */
const single = ['process', 'program', 'start', 'time', 'interval', 'stacks', 'samples'] as const
const decimal = /^\d+$/
const decimals = /^\d+(\.\d+)?$/
const hexadecimal = /^[0-9a-f]+$/i

class Parser {
  private readonly values = new Map<string, { text: string; line: number }>()
  private readonly labels = new Map<number, string>()
  private readonly stacks: RawStack[] = []
  private readonly mappings: Mapping[] = []
  private line = 1

  constructor(private readonly file: string) {}

  parse(lines: readonly string[]): RawProfile {
    let ended = false
    for (let i = 1; i < lines.length && !ended; i++) {
      this.line = i + 1
      const text = lines[i] ?? ''
      const blank = text.indexOf(' ')
      const [key, rest] = blank < 0 ? [text, ''] : [text.slice(0, blank), text.slice(blank + 1)]
      ended = key === 'end'
      if (!ended) this.take(key, rest, i === lines.length - 1)
    }
    if (!ended) throw this.broken('it breaks off: there is no line "end"')
    return this.result()
  }

  private take(key: string, rest: string, isLast: boolean): void {
    if (key === 'stack') this.stacks.push(this.stack(rest))
    else if (key === 'map') this.mappings.push(this.mapping(rest))
    else if (key === 'label') this.label(rest)
    else if (key === '') {
      if (!isLast) throw this.broken('an empty line')
    } else this.values.set(key, { text: rest, line: this.line })
  }

  private result(): RawProfile {
    for (const key of single)
      if (!this.values.has(key)) throw this.broken(`there is no line "${key}"`)
    const [pid = 0] = this.numbers('process', 1)
    const [interval = 0] = this.numbers('interval', 1)
    const [stacksUsed = 0, stacksLimit = 0] = this.numbers('stacks', 2)
    const [samples = 0, lost = 0] = this.numbers('samples', 2)
    return {
      pid,
      program: this.values.get('program')?.text ?? '',
      startNs: this.nanoseconds('start'),
      timeNs: this.nanoseconds('time'),
      ...{ interval, stacksUsed, stacksLimit, samples, lost },
      perfMap: this.values.get('perfmap')?.text || undefined,
      labels: this.labels,
      stacks: this.stacks,
      mappings: this.mappings,
    }
  }

  private numbers(key: string, count: number): number[] {
    const { text = '', line = 0 } = this.values.get(key) ?? {}
    const words = text.split(' ')
    if (words.length !== count || !words.every((word) => decimal.test(word)))
      throw damaged(this.file, line, `"${key} ${text}" is not "${key}" and ${count} numbers`)
    return words.map(Number)
  }

  private nanoseconds(key: string): bigint {
    const { text = '', line = 0 } = this.values.get(key) ?? {}
    if (!decimal.test(text)) throw damaged(this.file, line, `"${key} ${text}" is not a time`)
    return BigInt(text)
  }

  private label(rest: string): void {
    const [, id, text] = rest.match(/^(\d+) (.*)$/s) ?? []
    if (id === undefined || text === undefined) throw this.broken(`"label ${rest}" is not a label`)
    this.labels.set(Number(id), text)
  }

  private mapping(rest: string): Mapping {
    const mapping = parseMapping(rest)
    if (!mapping) throw this.broken(`"map ${rest}" is not a line of /proc/PID/maps`)
    return mapping
  }

  private stack(rest: string): RawStack {
    const colon = rest.indexOf(' :')
    const figures = rest.slice(0, Math.max(colon, 0)).split(' ')
    const addresses = rest
      .slice(colon + 2)
      .split(' ')
      .filter(Boolean)
    if (colon < 0 || figures.length !== 8 || !figures.every((word) => decimals.test(word)))
      throw this.broken('a stack has eight numbers before its colon')
    const wrong = addresses.find((word) => !hexadecimal.test(word))
    if (wrong !== undefined) throw this.broken(`"${wrong}" is not an address`)
    const [, label, inUseObjects, inUseBytes, allocObjects, allocBytes, first, last] = figures.map(
      Number,
    ) as [number, number, number, number, number, number, number, number]
    return {
      ...{ label, inUseObjects, inUseBytes, allocObjects, allocBytes, first, last },
      addresses: addresses.map((word) => Number.parseInt(word, 16)),
    }
  }

  private broken(why: string) {
    return damaged(this.file, this.line, why)
  }
}
