import { superslabName } from './condition'
import { type Outcome, readingsLeast } from './outcome'
import type { Verdict } from './verdict'

/** The verdict where there is nothing to compare: the command fails, is not served, or ends too early. */
export function unusable(
  outcomes: readonly Outcome[],
  base: Outcome,
  superslab: Outcome | undefined,
): Verdict | undefined {
  if (base.failures > 0) return base.crashes > 0 ? crashes(outcomes, base) : fails(base)
  if (superslab && superslab.failures > 0) return breaks(outcomes, superslab)
  if (base.short || !superslab || superslab.short) return tooShort()
  if (superslab.served) return undefined
  return {
    kind: 'superslab-did-not-serve',
    lines: [
      'superslab was loaded into no process of the command: the command, or a program that starts it, removes LD_PRELOAD from the environment, or starts a program that ignores it (linked statically, or with rights of its own).',
      'Give the doctor the program itself as the command, without a launcher.',
    ],
  }
}

function tooShort(): Verdict {
  return {
    kind: 'too-short',
    lines: [
      `The command is too short to be measured: it ended before the doctor had read its memory ${readingsLeast} times.`,
      'Give it more work, or read its memory more often: --interval 5.',
    ],
  }
}

function fails(base: Outcome): Verdict {
  return {
    kind: 'command-fails',
    lines: [
      `The command fails under the system's malloc (${ways(base)}), so there is nothing to compare.`,
      'Make it succeed first. The end of what it wrote to its standard error is above, if it wrote any.',
    ],
  }
}

/** The command crashes under the system's malloc. */
function crashes(outcomes: readonly Outcome[], base: Outcome): Verdict {
  const unharmed = outcomes.filter((one) => one.crashes === 0).map(({ condition }) => condition)
  const whose =
    unharmed.length === 0
      ? `The command crashes under every malloc, the system's too (${often(base)}): the fault is in the command, not in a malloc.`
      : `The command crashes under the system's malloc (${often(base)}), and not under ${unharmed.join(', ')}: the fault is in the command. It probably writes to memory that it does not own, which shows under some mallocs only.`
  return { kind: 'command-crashes', lines: [whose] }
}

/** The command fails under superslab and not under the system's malloc. */
function breaks(outcomes: readonly Outcome[], superslab: Outcome): Verdict {
  const kind = 'superslab-breaks-it'
  const how = superslab.crashes > 0 ? 'crashes' : 'fails'
  const also = outcomes
    .filter(({ condition, failures }) => failures > 0 && condition !== superslabName)
    .map(({ condition }) => condition)
  if (superslab.report !== undefined)
    return {
      kind,
      lines: [
        `superslab ended the command, because the command passed a wrong pointer to free or realloc: ${superslab.report.replace('superslab: ', '')}.`,
        'The fault is in the command or in one of its addons; the system’s malloc did not notice it. A run under gdb shows the caller.',
      ],
    }
  if (also.length > 0)
    return {
      kind,
      lines: [
        `The command ${how} under ${[superslabName, ...also].join(', ')} (${often(superslab)}), and not under the system's malloc.`,
        "It depends on the system's malloc: it may free one malloc's memory with the other's free, as libraries that are opened with RTLD_DEEPBIND do. Do not preload any malloc.",
      ],
    }
  return {
    kind,
    lines: [
      `The command ${how} under superslab (${often(superslab)}), and not under the system's malloc.`,
      'Do not run it under superslab, and please report it.',
    ],
  }
}

function often(one: Outcome): string {
  return one.trials > 1 ? `${ways(one)}, ${one.failures} of ${one.trials} runs` : ways(one)
}

function ways({ exits }: Outcome): string {
  const bad = exits.filter((exit) => exit !== '0' && !exit.startsWith('stopped'))
  return bad.map(wayText).join(', ')
}

function wayText(exit: string): string {
  if (exit === 'SIGKILL') return 'SIGKILL, as the system ends a program when memory runs out'
  return /^\d+$/.test(exit) ? `exit code ${exit}` : exit
}
