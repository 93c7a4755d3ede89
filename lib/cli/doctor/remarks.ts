import { mebibytes } from '../format'
import { arenasName, baseName, superslabName } from './condition'
import { didLess, type Outcome } from './outcome'
import type { Share } from './sightings'
import type { Measure } from './verdict'

/** Where at least this share of the memory is not superslab's, it is said whose it is. */
const noteworthy = 0.25
const noteworthyBytes = 8 << 20

/** What a reader of the figures has to know beside them. */
export function remarks(outcomes: readonly Outcome[], measure: Measure): string[] {
  const superslab = outcomes.find(({ condition }) => condition === superslabName)
  const { sightings } = superslab ?? {}
  const share = measure === 'final' ? sightings?.last : sightings?.peak
  return [
    ...unservedLine(share),
    ...ownAllocatorLines(superslab, share),
    ...(sightings?.usesSharp ? sharpLines(outcomes) : []),
    ...lessWorkLines(outcomes),
    ...growthLines(outcomes),
    ...failureLines(outcomes),
  ]
}

/** The command's largest process keeps the system's malloc, so the comparison says little. */
function unservedLine(share: Share | undefined): string[] {
  if (!share || share.largest.served || share.servedBytes > share.bytes / 2) return []
  return [
    `superslab does not serve the largest process, ${share.largest.name}: by default it serves the command itself and Node below it. Repeat with --children all.`,
  ]
}

function ownAllocatorLines(superslab: Outcome | undefined, share: Share | undefined): string[] {
  const outside = share ? share.bytes - share.servedBytes : 0
  if (!share || outside < Math.max(noteworthy * share.bytes, noteworthyBytes)) return []
  return (superslab?.sightings?.allocators ?? []).map(
    ({ library, allocator }) =>
      `${library} has a malloc of its own, ${allocator}, which no preloaded malloc replaces. ${mebibytes(outside)} of ${mebibytes(share.bytes)} lie outside of superslab, the memory of ${allocator} included.`,
  )
}

/** sharp chooses its number of threads by the malloc that it believes to have. */
function sharpLines(outcomes: readonly Outcome[]): string[] {
  const named = (name: string) => outcomes.find(({ condition }) => condition === name)
  const [base, arenas] = [named(baseName), named(arenasName)]
  if (!base || !arenas || arenas.threads <= base.threads) return []
  const threads = outcomes.map(({ condition, threads }) => `${condition} ${threads}`).join(', ')
  return [
    `sharp does not use the same number of threads in all runs: several for an image with MALLOC_ARENA_MAX or jemalloc, otherwise one. Threads of the command: ${threads}. Set sharp.concurrency(n) in the program, then run the doctor again.`,
  ]
}

function lessWorkLines(outcomes: readonly Outcome[]): string[] {
  const most = Math.max(...outcomes.map(({ answered = 0 }) => answered))
  return outcomes
    .filter((one) => didLess(one, outcomes))
    .map(
      ({ condition, answered }) =>
        `Under ${condition} there was time for ${answered} of ${most} requests only, so its figures are of less work. Is the machine busy?`,
    )
}

function growthLines(outcomes: readonly Outcome[]): string[] {
  const usable = outcomes.filter(({ failures }) => failures === 0)
  if (!usable.every(({ growing }) => growing)) return []
  return [
    'Under every malloc the memory still grew when the work ended: the program leaks, or it needs a longer run (--duration).',
  ]
}

/** Peers under which the command fails; the verdict leaves them out. */
function failureLines(outcomes: readonly Outcome[]): string[] {
  return outcomes
    .filter(({ condition, failures }) => failures > 0 && condition !== baseName)
    .map(({ condition, crashes }) => `It ${crashes > 0 ? 'crashes' : 'fails'} under ${condition}.`)
}
