import CliTable from 'cli-table3'
import type { Table } from '../page/document'
import type { Environment } from './machine'
import { geometricMean } from './statistics'
import type { Comparison, IdleFigures, Range, Sample, Verdict } from './summary'

const lines = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
}
const sides = { 'bottom-left': '', 'bottom-right': '', left: '', right: '', mid: '', 'mid-mid': '' }
const chars = { ...lines, ...sides, 'left-mid': '', 'right-mid': '', middle: '  ' }

/** A table of plain text: no colours, no frame, numbers to the right. */
export function plainTable(head: string[], rows: string[][], left: number): string {
  const aligns = head.map((_, column) => (column < left ? ('left' as const) : ('right' as const)))
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 }
  const table = new CliTable({ head, colAligns: aligns, style, chars })
  table.push(...rows)
  return table.toString()
}

export function comparisonTable(comparisons: readonly Comparison[]): string {
  return tableText(comparisonRows(comparisons))
}

export function tableText({ head, rows, words }: Table): string {
  return plainTable(head, rows, words)
}

export function comparisonRows(comparisons: readonly Comparison[]): Table {
  const withMemory = comparisons.some((one) => one.rssRatio !== undefined)
  const head = ['workload', 'allocator', 'time', 'system', 'ratio', '']
  const rows = comparisons.map((one) => [
    one.label,
    one.allocator,
    time(one.own),
    time(one.system),
    `${one.timeRatio.toFixed(2)} ±${one.noise.toFixed(2)}`,
    one.verdict,
    ...(withMemory ? [memory(one.own), memory(one.system), one.rssRatio?.toFixed(2) ?? ''] : []),
  ])
  return { head: withMemory ? [...head, 'peak RSS', 'system', 'ratio'] : head, rows, words: 2 }
}

/** Resident memory; each figure with the least and the largest of the rounds. */
export function idleTable(figures: readonly IdleFigures[]): string {
  const head = ['workload', 'allocator', 'peak live, MiB', 'peak RSS / live']
  const percent = (share: number) => (share * 100).toFixed(1)
  const rows = figures.map((one) => [
    one.label,
    one.allocator,
    ranged(one.peakLive, inMebibytes),
    ranged(one.peakRatio, (ratio) => ratio.toFixed(2)),
    ranged(one.beyond, inMebibytes),
    ranged(one.idleShare, percent),
    ranged(one.freedShare, percent),
  ])
  const shares = ['idle beyond live, MiB', 'idle, % of peak', 'freed, % of peak']
  return plainTable([...head, ...shares], rows, 2)
}

function ranged({ median, least, most }: Range, show: (value: number) => string): string {
  return `${show(median)} (${show(least)} to ${show(most)})`
}

function inMebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}

/** One line an allocator: its means over all cases. */
export function meanLines(comparisons: readonly Comparison[]): string[] {
  return allocatorsOf(comparisons).map((allocator) => {
    const ones = comparisons.filter((one) => one.allocator === allocator)
    const time = geometricMean(ones.map((one) => one.timeRatio)).toFixed(2)
    const peaks = ones.flatMap((one) => one.rssRatio ?? [])
    const memory = peaks.length > 0 ? `, of peak RSS ${geometricMean(peaks).toFixed(2)}` : ''
    return `${allocator}: geometric mean of time ${time}${memory}`
  })
}

/** One line an allocator: how often it was faster, slower, or neither. */
export function tallyLines(comparisons: readonly Comparison[]): string[] {
  return allocatorsOf(comparisons).map((allocator) => {
    const ones = comparisons.filter((one) => one.allocator === allocator)
    const number = (verdict: Verdict) => ones.filter((one) => one.verdict === verdict).length
    return `${allocator} was faster than the system's malloc in ${number('faster')} of ${ones.length}, slower in ${number('slower')}; ${number('tie')} were ties.`
  })
}

/** The machine and the build, in two lines. */
export function machineLines(machine: Environment): string[] {
  return [
    `${machine.cpu}, ${machine.cpus} CPUs, ${machine.system} ${machine.kernel}, ${machine.libc}`,
    `superslab ${machine.superslab} ${machine.commit}, ${machine.compiler}, ${machine.flags}`,
  ]
}

function allocatorsOf(comparisons: readonly Comparison[]): string[] {
  return [...new Set(comparisons.map(({ allocator }) => allocator))]
}

function time({ seconds, variation }: Sample): string {
  return `${(seconds * 1000).toFixed(seconds < 0.1 ? 2 : 0)} ms ±${(variation * 100).toFixed(1)}%`
}

function memory({ peakRssBytes }: Sample): string {
  return peakRssBytes === undefined ? '' : `${inMebibytes(peakRssBytes)} MiB`
}
