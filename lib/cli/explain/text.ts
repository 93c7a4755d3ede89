import { mebibytes, percent } from '../format'
import type { Explanation } from './explanation'
import type { Holder, Part } from './kinds'
import type { Sentence } from './words'

const width = 80
const numbers = 12
/** Parts of a holder that are printed; the others are one line. */
const mostParts = 4
/** A smaller part would read 0.0 MiB. */
const leastPart = 0.05 * 2 ** 20

export function explanationText(one: Explanation, changed: readonly Sentence[] = []): string {
  const { pid, command, residentBytes, attributedBytes, threads } = one
  const lines = [
    shortened(`process ${pid} (${command}), ${threads} threads`),
    '',
    row('resident memory', residentBytes),
    ...holderLines(one.holders),
    row('beside it: page tables', one.pageTableBytes),
    ...(one.swapBytes > 0 ? [row('beside it: swap', one.swapBytes)] : []),
    ...countedLines(one.superslab),
    ...askedLines(one.asked),
    '',
    `${percent(residentBytes > 0 ? attributedBytes / residentBytes : 1)} of the resident memory is attributed.`,
    ...[...one.sentences, ...changed].flatMap(({ text }) => wrapped(text)),
  ]
  return lines.join('\n')
}

export function holderLines(holders: readonly Holder[]): string[] {
  return holders.flatMap(({ name, bytes, parts }) => [row(`  ${name}`, bytes), ...partLines(parts)])
}

function partLines(parts: readonly Part[]): string[] {
  if (parts.length <= 1) return []
  const shown = parts.slice(0, mostParts).filter((part) => part.bytes >= leastPart)
  const rest = parts.slice(shown.length)
  const left = rest.reduce((sum, part) => sum + part.bytes, 0)
  const others = rest.length === 1 ? '1 other' : `${rest.length} others`
  return [
    ...shown.map((part) => row(`    ${part.name}`, part.bytes)),
    ...(left >= leastPart ? [row(`    ${others}`, left)] : []),
  ]
}

/** What superslab counts: a block counts whole, touched or not. */
function countedLines(superslab: Explanation['superslab']): string[] {
  if (superslab === undefined) return []
  const { stats, time } = superslab
  const ago = Math.max(0, (Date.now() - time.getTime()) / 1000).toFixed(1)
  return [
    '',
    `counted by superslab ${ago} s ago, touched or not`,
    row('  live blocks', stats.liveBytes),
    row('  freed blocks that threads keep', stats.cachedBytes),
    row('  free in slabs, between live blocks', stats.slabFreeBytes),
    row('  free and dirty, waiting for the decay', stats.dirtyBytes),
  ]
}

/** Live bytes by library, where a profile is taken. */
function askedLines(asked: Explanation['asked']): string[] {
  if (asked === undefined) return []
  return [
    '',
    'live blocks, by the library that asked for them',
    ...asked.map(({ library, bytes }) => row(`  ${library}`, bytes)),
  ]
}

function row(name: string, bytes: number): string {
  const text = mebibytes(bytes).padStart(numbers)
  return shortened(name, width - numbers).padEnd(width - numbers) + text
}

/** The middle of a long path is left out, because its end says most. */
function shortened(text: string, most = width): string {
  if (text.length <= most) return text
  const half = Math.floor((most - 1) / 2)
  return `${text.slice(0, most - 1 - half)}…${text.slice(text.length - half)}`
}

/** Lines of at most 80 columns. */
export function wrapped(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}
