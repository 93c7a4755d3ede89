import { mebibytes, percent } from '../format'
import type { Explanation } from './explanation'
import type { Holder, HolderKind } from './kinds'

/** What to say of a holder, and what to do next. */
export interface Sentence {
  kind: HolderKind
  text: string
}

type Facts = Omit<Explanation, 'sentences'>

/** Of less than this share of the resident memory nothing is said. */
const worthSaying = 0.1
/** Free memory within superslab that is worth a sentence, as a share of what superslab holds. */
const worthFree = 0.2
const worthFreeBytes = 4 << 20

/** The largest holders in words, the largest first. */
export function sentences(facts: Facts): Sentence[] {
  const large = facts.holders.filter(({ bytes }) => bytes >= worthSaying * facts.residentBytes)
  return large.flatMap((holder) => said(holder, facts).map((text) => ({ kind: holder.kind, text })))
}

function said(holder: Holder, facts: Facts): string[] {
  const { bytes, name, kind } = holder
  const many = `${mebibytes(bytes)}, ${percent(bytes / facts.residentBytes)} of it`
  switch (kind) {
    case 'v8-heap':
      return [
        `V8's heaps hold ${many}: JavaScript's objects, live or not collected yet. ${snapshot}`,
      ]
    case 'v8-memory':
      return [
        `WebAssembly memories and ArrayBuffers that may grow hold ${many}. They go back when the garbage collector frees their objects.`,
      ]
    case 'superslab':
      return saidOfSuperslab(many, bytes, facts)
    case 'libc':
      return [
        `The C library's malloc holds ${many}: blocks of Buffers, addons and Node itself, and freed memory that it keeps. "superslab doctor -- COMMAND" shows whether another malloc keeps less.`,
      ]
    case 'allocator':
      return [
        `Your addon brings an allocator of its own: ${name} holds ${many}. It does not call malloc, so another malloc changes nothing; look for an option of the addon.`,
      ]
    case 'stacks':
      return [`${facts.threads} threads have stacks of ${many}.`]
    case 'files':
      return [
        `Files hold ${many}: the largest is ${holder.parts[0]?.name}. The kernel drops these pages when memory is short.`,
      ]
    case 'data':
      return [`Programs and libraries have data of ${many}, most of it ${holder.parts[0]?.name}.`]
    case 'code':
      return [`Code that was compiled at run time holds ${many}.`]
    case 'shared':
      return [
        `Shared memory holds ${many}: ${holder.parts[0]?.name}. Other processes may hold it too.`,
      ]
    case 'unknown':
      return [`${many} is anonymous memory of unknown origin: the program or an addon called mmap.`]
  }
}

const snapshot =
  'A heap snapshot shows them: start node with --heapsnapshot-signal=SIGUSR2 and send the signal.'

function saidOfSuperslab(many: string, bytes: number, { superslab, asked }: Facts): string[] {
  const lines = []
  const stats = superslab?.stats
  const live = stats ? `, of which ${mebibytes(stats.liveBytes)} are live blocks` : ''
  lines.push(
    `superslab, the process's malloc, holds ${many}${live}: Buffers, addons and Node itself.`,
  )
  const [most] = asked ?? []
  if (most)
    lines.push(`${most.library} asked for most of the live blocks: ${mebibytes(most.bytes)}.`)
  if (!stats) return lines
  const free = stats.dirtyBytes + stats.cachedBytes
  if (stats.dirtyBytes > worthFreeBytes && stats.dirtyBytes > worthFree * bytes)
    lines.push(
      `${mebibytes(stats.dirtyBytes)} of free memory wait for their decay (SUPERSLAB_DECAY), or for a call of trim().`,
    )
  else if (free > worthFreeBytes && free > worthFree * bytes)
    lines.push(
      `${mebibytes(stats.cachedBytes)} are freed blocks that threads keep for their next requests.`,
    )
  if (stats.slabFreeBytes > worthFreeBytes && stats.slabFreeBytes > worthFree * bytes)
    lines.push(
      `${mebibytes(stats.slabFreeBytes)} are free between live blocks: they can be used again, but go back only by whole pages.`,
    )
  return lines
}

/** A holder whose memory grew by less is not named. */
const worthGrowth = 1 << 20

/** What changed between two looks, the largest change first. */
export function changes(before: Explanation, after: Explanation, seconds: number): Sentence[] {
  const earlier = new Map(before.holders.map(({ name, bytes }) => [name, bytes]))
  const now = new Set(after.holders.map(({ name }) => name))
  const gone = before.holders
    .filter(({ name }) => !now.has(name))
    .map(({ kind, name, bytes }) => ({ kind, name, change: -bytes }))
  return after.holders
    .map(({ kind, name, bytes }) => ({ kind, name, change: bytes - (earlier.get(name) ?? 0) }))
    .concat(gone)
    .filter(({ change }) => Math.abs(change) >= worthGrowth)
    .toSorted((a, b) => Math.abs(b.change) - Math.abs(a.change))
    .map(({ kind, name, change }) => ({
      kind,
      text: `${capital(name)} ${change > 0 ? 'grew' : 'shrank'} by ${mebibytes(Math.abs(change))} in ${seconds} s.`,
    }))
}

function capital(text: string): string {
  return text.startsWith('superslab') ? text : text.charAt(0).toUpperCase() + text.slice(1)
}
