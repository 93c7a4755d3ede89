import { Calls, call, type Recording } from './calls'
import { damaged } from './failure'
import { Varints } from './varint'

// The traces of ClaytonKnittel/malloc-bench, as its tracefile.proto has them: messages of one call each.
const lineTag = 0x0a
const numberType = 0
const bytesType = 2
const operation = { malloc: 1, free: 2, realloc: 3, calloc: 4 }

/** A trace in this format begins with a line, or is empty. */
export function isMallocBench(bytes: Uint8Array): boolean {
  return bytes[0] === lineTag
}

export function readMallocBench(file: string, bytes: Buffer): Recording {
  const calls = new Calls()
  const fault = (at: number, why: string) => damaged(file, at, why)
  const input = new Varints(bytes, 0, bytes.length, fault)
  while (input.at < bytes.length) {
    const tag = input.byte()
    if (tag !== lineTag) {
      if ((tag & 7) !== numberType) throw fault(input.at - 1, 'it is not a trace of calls')
      input.number() // how many blocks are live at most
      continue
    }
    const length = input.number()
    if (length > bytes.length - input.at) throw fault(input.at, 'a record goes beyond its end')
    if (length > 0) readLine(new Varints(bytes, input.at, input.at + length, fault), calls)
    input.at += length
  }
  return { format: 'malloc-bench', command: '', stopped: false, calls }
}

function readLine(line: Varints, calls: Calls): void {
  const start = line.at
  const tag = line.byte()
  if ((tag & 7) !== bytesType) throw line.fault(start, 'a call is of no known form')
  const length = line.number()
  if (line.at + length !== line.end) throw line.fault(start, 'a call is of no known form')
  const fields: number[] = []
  while (line.at < line.end) {
    const field = line.byte()
    if ((field & 7) !== numberType) throw line.fault(line.at - 1, 'a field is of no known form')
    fields[field >> 3] = line.number()
  }
  // Ids are numbers from 0 on. An allocation without one is never freed; a free without one frees nothing.
  const [, first, second = 0, third = 0] = fields
  switch (tag >> 3) {
    case operation.malloc:
      if (first === undefined) return
      if (third > 1) calls.push(0, call.aligned, first, second, Math.log2(third))
      else calls.push(0, call.malloc, first, second)
      return
    case operation.calloc:
      if (first !== undefined) calls.push(0, call.calloc, first, second * third)
      return
    case operation.realloc:
      reallocate(calls, fields[2], first, third)
      return
    case operation.free:
      if (first !== undefined) calls.push(0, call.free, first)
      return
    default:
      throw line.fault(start, 'there is no such call')
  }
}

function reallocate(
  calls: Calls,
  before: number | undefined,
  after: number | undefined,
  size: number,
): void {
  if (before === undefined) {
    if (after !== undefined) calls.push(0, call.malloc, after, size)
  } else if (after === undefined) {
    calls.push(0, call.free, before)
  } else {
    calls.push(0, call.release, before)
    calls.push(0, call.realloc, after, size, 0, before)
  }
}
