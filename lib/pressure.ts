import { performance } from 'node:perf_hooks'
import { clearTimeout, setTimeout } from 'node:timers'
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import { addon, type RawPressure } from './addon'
import { type Stats, stats } from './control'
import { argumentRange, argumentType, checkOptions } from './errors'

/** The memory of the container and of this process when the limit came near. */
export interface Pressure {
  /** What the container uses, without the file cache that the system would drop first. */
  usedBytes: number
  /** What the container may use; with groups within each other, of the one that is nearest to its limit. */
  limitBytes: number
  /** This process's resident memory. */
  residentBytes: number
  /** This isolate's JavaScript objects, as V8 counts them. */
  heapUsedBytes: number
  /** The memory of this isolate's heap, free parts included. */
  heapTotalBytes: number
  /** Buffers and other memory that this isolate's objects hold outside of V8's heap. */
  externalBytes: number
  /** What superslab counts in the whole process. */
  superslab: Stats
}

export interface PressureOptions {
  /** The share of the limit that counts as near. By default it is 0.9; threads that wait for memory count as well. */
  at?: number
  /** The least time between two calls of the listener, in milliseconds: 10,000. */
  every?: number
}

const defaultEvery = 10_000
/** Time between two looks, in milliseconds: less while the use grows fast. */
const longestPause = 250
const shortestPause = 10
const nearShare = 0.9

interface Listener {
  call: (pressure: Pressure) => void
  at: number | undefined
  every: number
  calledAt: number
}

const listeners = new Set<Listener>()
let timer: NodeJS.Timeout | undefined
let last: { time: number; usedBytes: number } | undefined

/**
 * Calls the listener from this thread's event loop when the container nears its memory limit, and again after
 * `every` milliseconds while it stays near. Returns a function that stops the calls. Without a limit
 * the listener is never called. It does not keep the process alive.
 */
export function onPressure(
  listener: (pressure: Pressure) => void,
  options: PressureOptions = {},
): () => void {
  if (typeof listener !== 'function') throw argumentType('listener', 'a function')
  checkOptions('options', options, ['at', 'every'])
  const { at, every = defaultEvery } = options
  if (at !== undefined && typeof at !== 'number') throw argumentType('at', 'a number')
  if (at !== undefined && !(at > 0 && at <= 1)) throw argumentRange('at', 'above 0 and at most 1')
  if (typeof every !== 'number') throw argumentType('every', 'a number')
  if (!(every >= 0)) throw argumentRange('every', '0 or more')
  const one = { call: listener, at, every, calledAt: Number.NEGATIVE_INFINITY }
  listeners.add(one)
  if (timer === undefined) wait(0)
  return () => {
    listeners.delete(one)
    if (listeners.size > 0) return
    clearTimeout(timer)
    timer = undefined
    last = undefined
  }
}

function wait(milliseconds: number): void {
  timer = setTimeout(look, milliseconds).unref()
}

function look(): void {
  const now = performance.now()
  const seen = addon.pressure()
  wait(seen === undefined ? longestPause : pauseUntilNear(seen, now))
  if (seen === undefined) return
  last = { time: now, usedBytes: seen.usedBytes }
  const due = [...listeners].filter(
    (one) => now - one.calledAt >= one.every && isNear(seen, one.at),
  )
  if (seen.near) note(now)
  if (due.length === 0) return
  const pressure = figures(seen)
  for (const one of due) {
    one.calledAt = now
    try {
      one.call({ ...pressure })
    } catch (error) {
      // An error of one listener is uncaught like any other, but the next listener is called.
      process.nextTick(() => {
        throw error
      })
    }
  }
}

/** The report near the limit is the core's, which does not know V8's figures: this isolate adds them, as seldom. */
const notePause = 600_000
let notedAt = Number.NEGATIVE_INFINITY

function note(now: number): void {
  if (now - notedAt < notePause) return
  notedAt = now
  const { external_memory: external, heap_size_limit: limit } = getHeapStatistics()
  const spaces = getHeapSpaceStatistics()
    .map(({ space_name: name, space_used_size: used }) => [`objects in ${name}`, used] as const)
    .filter(([, used]) => used >= 2 ** 20)
    .toSorted(([, a], [, b]) => b - a)
  const rows = [
    ...spaces,
    ['Buffers and other memory outside', external],
    ['limit of the heap', limit],
  ]
  // Loading it takes longer than all the rest.
  const { threadId } = require('node:worker_threads') as typeof import('node:worker_threads')
  const lines = rows.map(([name, bytes]) => {
    const mebibytes = (Number(bytes) / 2 ** 20).toFixed(1)
    return `superslab:   ${`${name}`.padEnd(53)}${mebibytes.padStart(8)} MiB\n`
  })
  addon.pressureNote(`superslab: V8 counts in thread ${threadId}\n${lines.join('')}`)
}

function isNear({ usedBytes, limitBytes, near }: RawPressure, at: number | undefined): boolean {
  return at === undefined ? near : usedBytes >= at * limitBytes
}

/** A quarter of the time in which the limit would come near if the use went on growing as it did. */
function pauseUntilNear({ usedBytes, limitBytes }: RawPressure, now: number): number {
  const share = Math.min(...[...listeners].map(({ at }) => at ?? nearShare))
  const grown = usedBytes - (last?.usedBytes ?? usedBytes)
  const left = share * limitBytes - usedBytes
  if (grown <= 0 || left <= 0 || last === undefined) return longestPause
  const pause = ((left / grown) * (now - last.time)) / 4
  return Math.min(longestPause, Math.max(shortestPause, pause))
}

function figures({ usedBytes, limitBytes }: RawPressure): Pressure {
  const heap = getHeapStatistics()
  return {
    usedBytes,
    limitBytes,
    residentBytes: process.memoryUsage.rss(),
    heapUsedBytes: heap.used_heap_size,
    heapTotalBytes: heap.total_heap_size,
    externalBytes: heap.external_memory,
    superslab: stats(),
  }
}
