import { closeSync, openSync, readSync } from 'node:fs'

/*
 * Reads a few words of another process. The system allows that to those who may trace the process: its user where the
 * kernel has no Yama or Yama is off, and root. Nothing but the size fields of the C library's blocks is read.
 */
export class Words {
  readonly #descriptor: number | undefined

  constructor(pid: number) {
    try {
      this.#descriptor = openSync(`/proc/${pid}/mem`, 'r')
    } catch {
      this.#descriptor = undefined
    }
  }

  get areReadable(): boolean {
    return this.#descriptor !== undefined
  }

  /** The 64-bit word at an address, or undefined. */
  at(address: number): bigint | undefined {
    if (this.#descriptor === undefined) return undefined
    const word = Buffer.alloc(8)
    try {
      return readSync(this.#descriptor, word, 0, 8, address) === 8
        ? word.readBigUInt64LE()
        : undefined
    } catch {
      return undefined
    }
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
  }
}
