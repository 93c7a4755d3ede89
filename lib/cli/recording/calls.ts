/** What was called; the numbers of docs/recording.md. */
export const call = {
  malloc: 1,
  calloc: 2,
  realloc: 3,
  aligned: 4,
  posixMemalign: 5,
  new: 6,
  newAligned: 7,
  free: 8,
  freeSized: 9,
  freeAlignedSized: 10,
  delete: 11,
  deleteSized: 12,
  deleteAligned: 13,
  threadBegins: 14,
  threadEnds: 15,
  /** A realloc has let go of its block, and has the new one later: with the entry `realloc` that follows. */
  release: 16,
} as const

export const lastAllocation = call.newAligned

/** Calls in the order in which they happened, in columns, which grow by doubling. */
export class Calls {
  count = 0
  thread: Uint32Array<ArrayBuffer>
  call: Uint8Array<ArrayBuffer>
  /** log2; 0 unless the call asked for an alignment. */
  alignment: Uint8Array<ArrayBuffer>
  size: Float64Array<ArrayBuffer>
  /** What tells live blocks apart: an address, or a number that a trace gives. */
  block: Float64Array<ArrayBuffer>
  /** Of a realloc: which block it was before. */
  before: Float64Array<ArrayBuffer>

  /** `room`: how many there may be; too few costs time alone. */
  constructor(room = 1024) {
    this.thread = new Uint32Array(room)
    this.call = new Uint8Array(room)
    this.alignment = new Uint8Array(room)
    this.size = new Float64Array(room)
    this.block = new Float64Array(room)
    this.before = new Float64Array(room)
  }

  push(thread: number, kind: number, block: number, size = 0, alignment = 0, before = 0): void {
    const at = this.count++
    if (at === this.call.length) this.#grow()
    this.thread[at] = thread
    this.call[at] = kind
    this.alignment[at] = alignment
    this.size[at] = size
    this.block[at] = block
    this.before[at] = before
  }

  #grow(): void {
    const length = this.call.length * 2 + 1
    const wider = <T extends Uint8Array | Uint32Array | Float64Array>(column: T): T => {
      const fresh = new (column.constructor as new (length: number) => T)(length)
      fresh.set(column)
      return fresh
    }
    this.thread = wider(this.thread)
    this.call = wider(this.call)
    this.alignment = wider(this.alignment)
    this.size = wider(this.size)
    this.block = wider(this.block)
    this.before = wider(this.before)
  }
}

/** What a file of recorded calls says, whichever program wrote it. */
export interface Recording {
  format: 'superslab' | 'malloc-bench' | 'valgrind' | 'memory_replay'
  /** The command that was recorded, where the file says it. */
  command: string
  /** The recorder had to stop before the program ended. */
  stopped: boolean
  calls: Calls
}
