import { addon } from './addon'
import { checkFlag, checkOptions } from './errors'
import { buffers } from './window/instance'
import type { Leak, WatchOptions } from './window/watch'

export type { Leak, WatchOptions } from './window/watch'

let warns = false

/** Watches the Buffers that this isolate allocates from then on. An option that is not given is off. */
export function watch(options: WatchOptions): void {
  checkOptions('options', options, ['track', 'warn', 'collect'])
  const { track, warn: warning, collect } = options
  for (const [name, value] of Object.entries({ track, warn: warning, collect }))
    checkFlag(name, value)
  buffers.watch(options)
  if (options.warn && !warns) process.on('exit', warn)
  if (!options.warn && warns) process.off('exit', warn)
  warns = options.warn === true
}

/**
 * Prints on stderr, and returns, the live Buffers that this isolate allocated under watch. The report groups them by
 * where they were allocated, the largest sum first.
 */
export function leaks(options: { print?: boolean } = {}): Leak[] {
  checkOptions('options', options, ['print'])
  const { print = true } = options
  checkFlag('print', print)
  const found = buffers.watching?.leaks() ?? []
  if (print && found.length > 0) console.error(report(found))
  return found
}

function report(found: Leak[]): string {
  const places = new Map<string, Leak[]>()
  for (const leak of found) {
    const there = places.get(leak.stack)
    if (there === undefined) places.set(leak.stack, [leak])
    else there.push(leak)
  }
  const sum = (some: Leak[]) => some.reduce((bytes, { size }) => bytes + size, 0)
  const lines = [...places]
    .map(([stack, some]) => ({ stack, some, bytes: sum(some) }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(({ stack, some, bytes }) => {
      const age = (Math.max(...some.map((leak) => leak.age)) / 1000).toFixed(1)
      return `${some.length} of ${bytes} bytes, the oldest ${age} s old\n${stack}`.trim()
    })
  return `superslab: ${found.length} Buffers are live, ${sum(found)} bytes\n${lines.join('\n')}`
}

function warn(): void {
  const found = leaks({ print: true })
  const { liveBlocks, liveBytes } = addon.windowStats()
  if (found.length === 0 && liveBlocks > 0)
    console.error(`superslab: ${liveBlocks} blocks are live at exit, ${liveBytes} bytes`)
}
