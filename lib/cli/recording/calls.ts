/** The functions called, by the numbers of docs/recording.md. */
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
  /** A realloc has released its block. The entry `realloc` that follows has the new one. */
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
  /** The identity of a live block: its address, or a number that the trace gives it. */
  block: Float64Array<ArrayBuffer>
  /** Of a realloc: the block before. */
  before: Float64Array<ArrayBuffer>

  /** `room`: the expected number of calls; more of them only cost time. */
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

/** The contents of a file of recorded calls, in any format. */
export interface Recording {
  format: 'superslab' | 'malloc-bench' | 'valgrind' | 'memory_replay'
  /** The command that was recorded, if the file names it. */
  command: string
  /** The recorder had to stop before the program ended. */
  stopped: boolean
  calls: Calls
}
