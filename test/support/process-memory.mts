import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'

/*
 * Reads and writes the memory of this process by address, through Linux's /proc: the only way for JavaScript to inspect,
 * or damage, memory at an address.
 */
const file = '/proc/self/mem'

export function readMemory(address: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  transfer('r', (descriptor) => readSync(descriptor, bytes, 0, size, address))
  return bytes
}

export function writeMemory(address: number, bytes: Uint8Array): void {
  transfer('r+', (descriptor) => writeSync(descriptor, bytes, 0, bytes.length, address))
}

export function fillMemory(address: number, size: number, byte: number): void {
  writeMemory(address, Buffer.alloc(size, byte))
}

function transfer(flags: string, move: (descriptor: number) => void): void {
  const descriptor = openSync(file, flags)
  try {
    move(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

export interface Mapping {
  start: bigint
  end: bigint
  access: string
  name: string
}

export function mappings(): Mapping[] {
  return readFileSync('/proc/self/maps', 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [range = '', access = '', , , , name = ''] = line.split(/ +/)
      const [start, end] = range.split('-').map((text) => BigInt(`0x${text}`))
      return { start: start ?? 0n, end: end ?? 0n, access, name }
    })
}
