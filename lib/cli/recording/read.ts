import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Recording } from './calls'
import { damaged, notARecording } from './failure'
import { isMallocBench, readMallocBench } from './malloc-bench'
import { magic, readSuperslab } from './superslab'
import { isAndroid, isValgrind, readAndroid, readValgrind } from './text'

/** Reads a recording or another program's trace, packed by gzip or not. The first bytes say what the file is. */
export function readRecording(file: string): Recording {
  const bytes = unpacked(file, contents(file))
  const firstLine = bytes.toString('latin1', 0, 400).split('\n', 1)[0]?.trimEnd() ?? ''
  if (bytes.toString('latin1', 0, magic.length) === magic) return readSuperslab(file, bytes)
  if (isValgrind(firstLine)) return readValgrind(file, bytes)
  if (isAndroid(firstLine)) return readAndroid(file, bytes)
  if (isMallocBench(bytes)) return readMallocBench(file, bytes)
  throw notARecording(
    file,
    'is neither a recording nor a trace of malloc-bench, valgrind or memory_replay',
  )
}

function contents(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw notARecording(file, `cannot be read: ${(error as Error).message}`)
  }
}

function unpacked(file: string, bytes: Buffer): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes)
  } catch (error) {
    throw damaged(file, 0, `it cannot be unpacked: ${(error as Error).message}`)
  }
}
