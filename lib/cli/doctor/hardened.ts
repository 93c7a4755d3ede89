import { mebibytes, percent } from '../format'
import { isHardened, superslabName } from './condition'
import type { Outcome } from './outcome'

/** The kernel counts processor time in ticks. */
export const tick = 0.01
/** Below it, a percentage of processor time would be one of ticks. */
export const cpuSecondsLeast = 0.1

/** What the hardened library found in the command, or what it costs beside superslab. */
export function hardenedLines(outcomes: readonly Outcome[]): string[] {
  const superslab = outcomes.find(({ condition }) => condition === superslabName)
  return outcomes
    .filter(({ condition }) => isHardened(condition))
    .map((one) => {
      if (one.report !== undefined)
        return `${one.condition} ended the command: ${one.report.replace('superslab: ', '')}. The fault is in the command or in one of its addons; a run under gdb shows the caller.`
      if (one.failures > 0)
        return `The command fails under ${one.condition} (${one.exits.join(', ')}), and superslab wrote no report: please report it.`
      if (!one.served) return `${one.condition} was loaded into no process of the command.`
      return `${one.condition} found no misuse. ${cost(one, superslab)}`
    })
}

function cost(one: Outcome, superslab: Outcome | undefined): string {
  if (superslab === undefined || superslab.failures > 0) return ''
  const memory = `${mebibytes(one.peak.median)} at its peak, ${mebibytes(superslab.peak.median)} under superslab`
  if (Math.max(one.cpu.median, superslab.cpu.median) < cpuSecondsLeast) return `It keeps ${memory}.`
  const more = one.cpu.median / Math.max(superslab.cpu.median, tick) - 1
  return `It takes ${percent(Math.abs(more))} ${more < 0 ? 'less' : 'more'} processor time than superslab, and keeps ${memory}.`
}
