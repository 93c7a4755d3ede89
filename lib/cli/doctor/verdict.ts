import { mebibytes, percent } from '../format'
import { arenasName, baseName, superslabName } from './condition'
import type { Figure, Outcome } from './outcome'

export type VerdictKind =
  | 'command-fails'
  | 'superslab-breaks-it'
  | 'superslab-did-not-serve'
  | 'too-noisy'
  | 'not-the-allocator'
  | 'superslab-helps'
  | 'fewer-arenas-suffice'
  | 'another-keeps-less'

export interface Verdict {
  kind: VerdictKind
  /** The verdict, then remarks. */
  lines: string[]
}

/** A difference below this share of the system's figure is not worth a change of allocator. */
const worthwhile = 0.1
/** Nor is one below this number of bytes. */
const worthwhileBytes = 4 << 20
/** The same for processor time, which is measured in ticks of 10 ms. */
const worthwhileCpu = 0.03
const tick = 0.01
/** Where the noise of the system's own figure is above this share, there is no verdict. */
const tolerableNoise = 0.25

/**
 * Judges the outcomes by the memory after the work, if the command went on and was watched, else by the peak. One
 * condition keeps less than another if the difference exceeds the noise of both, a tenth of the system's figure and
 * 4 MiB.
 */
export function verdict(outcomes: readonly Outcome[], settled: boolean): Verdict {
  const named = (name: string) => outcomes.find(({ condition }) => condition === name)
  const base = named(baseName)
  const superslab = named(superslabName)
  if (!base || !superslab) throw new RangeError('the system and superslab are always compared')
  return (
    unusable(base, superslab) ??
    told(outcomes.filter(isUsable), base, superslab, settled ? 'final' : 'peak')
  )
}

function isUsable({ failed, served }: Outcome): boolean {
  return !failed && served
}

function unusable(base: Outcome, superslab: Outcome): Verdict | undefined {
  if (base.failed)
    return {
      kind: 'command-fails',
      lines: [`The command fails under the system's malloc too (${ways(base)}): nothing is told.`],
    }
  if (superslab.failed)
    return {
      kind: 'superslab-breaks-it',
      lines: [
        `The command ends with ${ways(superslab)} under superslab, and not under the system's malloc.`,
        'Do not run it under superslab; please report it.',
      ],
    }
  if (!superslab.served)
    return {
      kind: 'superslab-did-not-serve',
      lines: [
        'superslab was in no process of the command: a static binary, or one with a malloc of its own.',
      ],
    }
  return undefined
}

function ways({ exits }: Outcome): string {
  return exits.map((exit) => (/^\d+$/.test(exit) ? `exit code ${exit}` : exit)).join(', ')
}

type Measure = 'final' | 'peak'

function told(
  outcomes: readonly Outcome[],
  base: Outcome,
  superslab: Outcome,
  measure: Measure,
): Verdict {
  const own = base[measure]
  if (own.noise > tolerableNoise * own.median)
    return {
      kind: 'too-noisy',
      lines: [
        `The system's own trials differ too much (${mebibytes(own.median)} ± ${mebibytes(own.noise)}).`,
        'Try again with more --runs, or with work that is the same each time.',
      ],
    }
  const less = (one: Outcome, other: Outcome) => keepsLess(one[measure], other[measure], own)
  const best = outcomes.reduce((a, b) => (b[measure].median < a[measure].median ? b : a))
  const arenas = outcomes.find(({ condition }) => condition === arenasName)
  const rest = [cpuLine(base, superslab), ...growthLines(outcomes)]
  const text = (one: Outcome) => `${mebibytes(one[measure].median)}`
  const when = measure === 'final' ? 'after the work' : 'at its peak'

  if (!less(best, base)) {
    const others = outcomes.filter((one) => one !== base).map((one) => one[measure].median)
    const range = `${mebibytes(Math.min(...others))} to ${mebibytes(Math.max(...others))}`
    return {
      kind: 'not-the-allocator',
      lines: [
        `This is not the allocator: ${text(base)} ${when} with the system's malloc, and no other has clearly less (${range}).`,
        'The memory is in use, or lies outside malloc: look at heap snapshots and buffers.',
        ...rest,
      ],
    }
  }
  if (less(best, superslab))
    return {
      kind: 'another-keeps-less',
      lines: [
        `${best.condition} keeps least here: ${text(best)} ${when}, superslab ${text(superslab)}, the system's malloc ${text(base)}.`,
        ...rest,
      ],
    }
  if (arenas && less(arenas, base) && !less(superslab, arenas) && !saves(superslab, arenas))
    return {
      kind: 'fewer-arenas-suffice',
      lines: [
        `MALLOC_ARENA_MAX=2 is enough: ${text(arenas)} ${when} in place of ${text(base)}, and superslab has ${text(superslab)}.`,
        ...rest,
      ],
    }
  return {
    kind: 'superslab-helps',
    lines: [
      `superslab helps: ${text(superslab)} ${when} in place of ${text(base)}, ${percent(1 - superslab[measure].median / own.median)} less.`,
      ...rest,
    ],
  }
}

function keepsLess(one: Figure, other: Figure, base: Figure): boolean {
  const least = Math.max(worthwhile * base.median, worthwhileBytes, one.noise + other.noise)
  return other.median - one.median > least
}

/** Whether it takes less processor time by more than the noise of both. */
function saves({ cpu: one }: Outcome, { cpu: other }: Outcome): boolean {
  const least = Math.max(worthwhileCpu * other.median, one.noise + other.noise)
  return other.median - one.median > least
}

function cpuLine(base: Outcome, superslab: Outcome): string {
  const part = percent(Math.abs(superslab.cpu.median / Math.max(base.cpu.median, tick) - 1))
  if (saves(superslab, base)) return `It takes ${part} less processor time under superslab.`
  if (saves(base, superslab)) return `It takes ${part} more processor time under superslab.`
  return "The processor time under superslab and under the system's malloc is a tie."
}

function growthLines(outcomes: readonly Outcome[]): string[] {
  if (!outcomes.every(({ growing }) => growing)) return []
  return [
    'Under every allocator its memory still grew when the work ended: the program may leak, or it had not warmed up.',
  ]
}
