import { type Explanation, explain } from '../explain/explanation'
import { holderLines } from '../explain/text'
import { mebibytes } from '../format'
import { baseName } from './condition'
import type { ProcessState } from './process-tree'
import type { Trial } from './trial'
import type { Verdict } from './verdict'

/**
 * What holds the memory of the largest of these processes. Only under the system's malloc, under which the command runs
 * now; undefined too if the process ends meanwhile.
 */
export function heldBy(
  condition: string,
  processes: readonly ProcessState[],
): Explanation | undefined {
  const [largest] = processes.toSorted((a, b) => b.anonymousBytes - a.anonymousBytes)
  if (condition !== baseName || largest === undefined) return undefined
  const found = explain(largest.pid)
  return 'message' in found ? undefined : found
}

/** The sentence about the C library's malloc says to run the doctor. */
const hint = / "superslab doctor -- COMMAND".*$/

/** Where the allocator is not the reason, the verdict goes on with what holds the memory instead. */
export function explained(verdict: Verdict, trials: readonly Trial[]): Verdict {
  if (verdict.kind !== 'not-the-allocator') return verdict
  const held = trials.findLast((trial) => trial.held)?.held
  if (held === undefined)
    return {
      ...verdict,
      lines: [
        ...verdict.lines,
        'To see what holds it, run "superslab explain PID" while the command runs, or give the doctor a command that goes on after its work (--duration).',
      ],
    }
  const { pid, residentBytes, holders, sentences } = held
  const worth = holders.filter(({ bytes }) => bytes >= residentBytes / 100)
  return {
    ...verdict,
    lines: [
      ...verdict.lines,
      '',
      `At the end process ${pid}, the largest, had ${mebibytes(residentBytes)} resident:`,
      ...holderLines(worth),
      ...sentences.map(({ text }) => text.replace(hint, '')),
    ],
  }
}
