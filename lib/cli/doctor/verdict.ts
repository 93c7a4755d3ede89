import { mebibytes, percent } from '../format'
import { arenasName, baseName, isHardened, superslabName } from './condition'
import { cpuSecondsLeast, hardenedLines, tick } from './hardened'
import { didLess, type Figure, type Outcome } from './outcome'
import { remarks } from './remarks'
import { unusable } from './unusable'

export type VerdictKind =
  | 'command-fails'
  | 'command-crashes'
  | 'superslab-breaks-it'
  | 'superslab-did-not-serve'
  | 'too-short'
  | 'too-noisy'
  | 'not-the-allocator'
  | 'superslab-helps'
  | 'fewer-arenas-suffice'
  | 'another-keeps-less'

export interface Verdict {
  kind: VerdictKind
  /** The verdict, then remarks. */
  lines: string[]
  /** The condition to run the command under, if another than now. */
  choice?: string
}

/** A difference below this share of the system's figure is not worth a change of allocator. */
const worthwhile = 0.1
/** Nor is one below this number of bytes. */
const worthwhileBytes = 4 << 20
/** The same for processor time. */
const worthwhileCpu = 0.03
/** A difference has the error of two figures. */
const worthwhileTicks = 2.5 * tick
/** Where the noise of the system's own figure is above this share, there is no verdict. */
const tolerableNoise = 0.25

/**
 * Judges the outcomes by the memory after the work, if it was watched, and where that does not differ by the peak. One
 * condition keeps less than another if the difference exceeds the noise of both, a tenth of the system's figure and
 * 4 MiB.
 */
export function verdict(all: readonly Outcome[], settled: boolean): Verdict {
  const outcomes = all.filter(({ condition }) => !isHardened(condition))
  const judged = judge(outcomes, settled)
  return { ...judged, lines: [...judged.lines, ...hardenedLines(all)] }
}

function judge(outcomes: readonly Outcome[], settled: boolean): Verdict {
  const named = (name: string) => outcomes.find(({ condition }) => condition === name)
  const base = named(baseName)
  const superslab = named(superslabName)
  if (!base) throw new RangeError('the system’s malloc is always tried')
  const failure = unusable(outcomes, base, superslab)
  if (failure || !superslab) return failure ?? { kind: 'command-fails', lines: [] }
  const judged = (measure: Measure) => compared(outcomes, base, superslab, measure)
  if (!settled) return judged('peak')
  const first = judged('final')
  if (first.kind !== 'not-the-allocator') return first
  const second = judged('peak')
  return second.kind === 'not-the-allocator' || second.kind === 'too-noisy' ? first : second
}

export type Measure = 'final' | 'peak'

function compared(
  all: readonly Outcome[],
  base: Outcome,
  superslab: Outcome,
  measure: Measure,
): Verdict {
  const own = base[measure]
  if ([base, superslab].some((one) => didLess(one, all)))
    return {
      kind: 'too-noisy',
      lines: [
        'The command did not do the same work in all runs, so they cannot be compared.',
        ...remarks(all, measure),
        'Repeat it when the machine does less, or with a shorter --duration.',
      ],
    }
  if (own.noise > tolerableNoise * own.median)
    return {
      kind: 'too-noisy',
      lines: [
        `The runs under the system's malloc differ too much to compare: ${mebibytes(own.median)} ± ${mebibytes(own.noise)}.`,
        'Repeat it with more --runs, or give the command the same work each time.',
      ],
    }
  const outcomes = all.filter((one) => one.failures === 0 && one.served && !didLess(one, all))
  const less = (one: Outcome, other: Outcome) => keepsLess(one[measure], other[measure], own)
  const best = outcomes.reduce((a, b) => (b[measure].median < a[measure].median ? b : a))
  const arenas = outcomes.find(({ condition }) => condition === arenasName)
  const text = (one: Outcome) => mebibytes(one[measure].median)
  const share = (one: Outcome) => percent(1 - one[measure].median / own.median)
  const when = measure === 'final' ? 'after the work' : 'at its peak'
  const rest = [cpuLine(base, superslab), ...remarks(all, measure)]

  if (!less(best, base)) {
    if (isWorthwhile(best[measure], own, own))
      return {
        kind: 'too-noisy',
        lines: [
          `${text(best)} ${when} under ${best.condition}, ${text(base)} under the system's malloc: the difference is within the noise of the runs.`,
          'Repeat it with more --runs, or give the command the same work each time.',
          ...rest,
        ],
      }
    const others = outcomes.filter((one) => one !== base)
    return {
      kind: 'not-the-allocator',
      lines: [
        `${text(base)} ${when} under the system's malloc, ${rangeText(others, measure)}: the allocator is not the reason.`,
        'The program still uses the memory, or it is not memory of malloc. Look at a heap snapshot (node --heapsnapshot-signal=SIGUSR2) and at process.memoryUsage().',
        ...rest,
      ],
    }
  }
  if (less(best, superslab)) {
    const also = less(superslab, base) ? ` (${share(superslab)} less)` : ''
    return {
      kind: 'another-keeps-less',
      choice: best.condition,
      lines: [
        `${text(best)} ${when} under ${best.condition}, ${share(best)} less than the ${text(base)} under the system's malloc. superslab keeps ${text(superslab)}${also}.`,
        ...rest,
      ],
    }
  }
  if (arenas && less(arenas, base) && !less(superslab, arenas) && !saves(superslab, arenas))
    return {
      kind: 'fewer-arenas-suffice',
      choice: arenasName,
      lines: [
        `${text(arenas)} ${when} with MALLOC_ARENA_MAX=2, ${share(arenas)} less than the ${text(base)} without: the setting is enough. superslab keeps ${text(superslab)}.`,
        ...rest,
      ],
    }
  return {
    kind: 'superslab-helps',
    choice: superslabName,
    lines: [
      `${text(superslab)} ${when} under superslab, ${share(superslab)} less than the ${text(base)} under the system's malloc: superslab helps.`,
      ...rest,
    ],
  }
}

function rangeText(others: readonly Outcome[], measure: Measure): string {
  const figures = others.map((one) => one[measure].median)
  const ends = new Set([Math.min(...figures), Math.max(...figures)].map(mebibytes))
  const names = others.length === 1 ? others[0]?.condition : 'the others'
  return `${[...ends].join(' to ')} under ${names}`
}

function keepsLess(one: Figure, other: Figure, base: Figure): boolean {
  return isWorthwhile(one, other, base) && other.median - one.median > one.noise + other.noise
}

function isWorthwhile(one: Figure, other: Figure, base: Figure): boolean {
  return other.median - one.median > Math.max(worthwhile * base.median, worthwhileBytes)
}

/** Whether it takes less processor time, by more than the ticks of the clock and the noise of both. */
function saves({ cpu: one }: Outcome, { cpu: other }: Outcome): boolean {
  const least = Math.max(worthwhileCpu * other.median, one.noise + other.noise, worthwhileTicks)
  return other.median - one.median > least
}

function cpuLine(base: Outcome, superslab: Outcome): string {
  if (Math.max(base.cpu.median, superslab.cpu.median) < cpuSecondsLeast)
    return `The command took less than ${cpuSecondsLeast} s of processor time, too little to compare.`
  const part = percent(Math.abs(superslab.cpu.median / Math.max(base.cpu.median, tick) - 1))
  if (saves(superslab, base)) return `It takes ${part} less processor time under superslab.`
  if (saves(base, superslab)) return `It takes ${part} more processor time under superslab.`
  return "Its processor time is the same under superslab and under the system's malloc, within the noise."
}
