import { type Calls, call, lastAllocation, type Recording } from './calls'
import { damaged } from './failure'
import { Table } from './table'

// The words of native/bench/replay.h.
export const operation = {
  malloc: 0,
  calloc: 1,
  realloc: 2,
  aligned: 3,
  free: 4,
  wait: 5,
  epoch: 6,
  alignment: 7,
} as const
const publish = 8
const slotShift = 4
const slotsMost = 2 ** 28
const sizeMost = 2 ** 32 - 1

/** Calls of one epoch, in the order of all threads: none is more than two epochs ahead of another. */
const epochCalls = 4096

/** The operations of a replay, thread by thread, as superslab-bench reads them. */
export interface Program {
  threads: Thread[]
  /** Places for live blocks. */
  slots: number
  /** For each epoch, the number of threads that have calls in it. */
  epochs: number[]
  /** Allocations and frees that are replayed. */
  calls: number
  /** Frees of blocks whose allocation is not in the recording, which are left out. */
  unmatched: number
}

export interface Thread {
  firstEpoch: number
  words: Words
}

/** Pairs of words: an operation on a slot, and its operand. */
export class Words {
  count = 0
  all = new Uint32Array(512)

  /** The place of the pair. */
  push(word: number, operand: number): number {
    if (this.count * 2 === this.all.length) {
      const wider = new Uint32Array(this.all.length * 2)
      wider.set(this.all)
      this.all = wider
    }
    this.all[this.count * 2] = word
    this.all[this.count * 2 + 1] = operand
    return this.count++
  }
}

/** One slot: the thread that used it last, and the place of that use among the thread's operations. */
interface Slots {
  /** The thread that allocates into it. */
  home: number[]
  thread: number[]
  place: number[]
}

export function programOf(file: string, { calls }: Recording): Program {
  return new Builder(file, calls).program()
}

class Builder {
  readonly #live = new Table()
  readonly #threads = new Map<number, number>()
  readonly #made: (Thread & { epoch: number; own: number[]; others: number[]; known: number[] })[] =
    []
  readonly #slots: Slots = { home: [], thread: [], place: [] }
  readonly #epochs: number[] = []
  /** Blocks that a realloc has released, by their old addresses: two may have the same one. */
  readonly #pending = new Map<number, number[]>()
  readonly #several: boolean
  #calls = 0
  #unmatched = 0

  constructor(
    readonly file: string,
    readonly calls: Calls,
  ) {
    const { thread, count } = calls
    this.#several = thread.subarray(0, count).some((one) => one !== thread[0])
  }

  program(): Program {
    const { calls } = this
    for (let at = 0; at < calls.count; at++) this.#add(at)
    return {
      threads: this.#made,
      slots: this.#slots.home.length,
      epochs: this.#epochs,
      calls: this.#calls,
      unmatched: this.#unmatched,
    }
  }

  #add(at: number): void {
    const { calls } = this
    const kind = calls.call[at] as number
    const block = calls.block[at] as number
    const size = calls.size[at] as number
    const thread = this.#thread(calls.thread[at] as number)
    if (kind === call.threadEnds) return
    if (size > sizeMost)
      throw damaged(this.file, 0, 'a block of more than 4 GiB cannot be replayed')
    if (kind === call.release) this.#release(block)
    else if (kind === call.realloc) this.#realloc(thread, calls.before[at] as number, block, size)
    else if (kind <= lastAllocation) this.#allocate(thread, at, kind, block, size)
    else this.#free(thread, block)
  }

  /** Its index; a new one begins with its first call. */
  #thread(number: number): number {
    const known = this.#threads.get(number)
    if (known !== undefined) return known
    const index = this.#made.length
    const nothing = { own: [], others: [], known: [] }
    this.#made.push({ firstEpoch: 0, epoch: -1, words: new Words(), ...nothing })
    this.#threads.set(number, index)
    return index
  }

  // ---- calls ----

  #allocate(thread: number, at: number, kind: number, block: number, size: number): void {
    // The recording lacks its free.
    if (this.#live.get(block) !== undefined) this.#free(thread, block)
    const slot = this.#slotFor(thread)
    const alignment = this.calls.alignment[at] as number
    if (alignment > 4) this.#emit(thread, slot, operation.alignment, alignment, 0)
    const what =
      alignment > 4 ? operation.aligned : kind === call.calloc ? operation.calloc : operation.malloc
    this.#emit(thread, slot, what, size)
    this.#live.set(block, slot)
  }

  #free(thread: number, block: number): void {
    const slot = this.#live.get(block)
    if (slot === undefined) {
      this.#unmatched++
      return
    }
    this.#live.delete(block)
    this.#emit(thread, slot, operation.free, 0)
    const home = this.#slots.home[slot] as number
    const owner = this.#made[home]
    if (home === thread) owner?.own.push(slot)
    else owner?.others.push(slot)
  }

  /** Until its realloc, the next of its thread, ends, the block has no owner and its address may be used again. */
  #release(block: number): void {
    const slot = this.#live.get(block)
    this.#live.delete(block)
    if (slot !== undefined) this.#pending.set(block, [...(this.#pending.get(block) ?? []), slot])
  }

  #realloc(thread: number, before: number, block: number, size: number): void {
    const waiting = this.#pending.get(before) ?? []
    const slot = waiting.shift()
    if (waiting.length === 0) this.#pending.delete(before)
    if (this.#live.get(block) !== undefined) this.#free(thread, block)
    const there = slot ?? this.#slotFor(thread)
    this.#emit(thread, there, slot === undefined ? operation.malloc : operation.realloc, size)
    this.#live.set(block, there)
  }

  // ---- what is emitted ----

  /** The slot that the thread itself has freed last, or another thread has freed longest ago, or a new one. */
  #slotFor(thread: number): number {
    const { own = [], others = [] } = this.#made[thread] ?? {}
    const used = own.pop() ?? others.shift()
    if (used !== undefined) return used
    const fresh = this.#slots.home.length
    if (fresh === slotsMost) throw damaged(this.file, 0, 'too many blocks are live at once')
    this.#slots.home.push(thread)
    this.#slots.thread.push(thread)
    this.#slots.place.push(-1)
    return fresh
  }

  #emit(thread: number, slot: number, what: number, operand: number, counts = 1): void {
    const one = this.#made[thread]
    if (!one) return
    if (this.#several) {
      this.#enter(one)
      this.#follow(thread, slot)
    }
    const place = one.words.push(slot * 2 ** slotShift + what, operand)
    this.#slots.thread[slot] = thread
    this.#slots.place[slot] = place
    this.#calls += counts
  }

  #enter(one: Thread & { epoch: number }): void {
    const epoch = Math.floor(this.#calls / epochCalls)
    if (epoch === one.epoch) return
    if (one.epoch < 0) one.firstEpoch = epoch
    else one.words.push(operation.epoch, epoch)
    one.epoch = epoch
    while (this.#epochs.length <= epoch) this.#epochs.push(0)
    this.#epochs[epoch] = (this.#epochs[epoch] ?? 0) + 1
  }

  /** Waits for another thread's earlier use of the slot, unless the thread has already waited for that. */
  #follow(thread: number, slot: number): void {
    const other = this.#slots.thread[slot] as number
    const place = this.#slots.place[slot] as number
    const one = this.#made[thread]
    const words = this.#made[other]?.words
    if (!one || !words || other === thread || place < 0) return
    if ((one.known[other] ?? 0) > place) return
    one.known[other] = place + 1
    words.all[place * 2] = (words.all[place * 2] as number) | publish
    one.words.push(other * 2 ** slotShift + operation.wait, place + 1)
  }
}
