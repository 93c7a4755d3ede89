import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { named } from '../../profile/names'
import type { Profile } from '../../profile/profile'
import { readRaw } from '../../profile/raw'
import { mebibytes } from '../format'
import { holders, inUse } from '../profile/totals'
import { findCommand } from '../run/find'
import { profiledStart } from '../run/profile'
import type { Condition } from './condition'
import type { Live } from './live'
import { type Plan, runTrial } from './trial'
import type { Verdict } from './verdict'
import type { Agreed } from './work'

const shown = 5

/**
 * One more run under superslab, in which the command profiles itself: the functions that hold most of what malloc had
 * handed out at its end. Only where the verdict is that the allocator is not the reason.
 */
export async function byLine(
  verdict: Verdict,
  plan: Plan,
  superslab: Condition,
  agreed: Agreed,
  live: Live,
): Promise<Verdict> {
  if (verdict.kind !== 'not-the-allocator' || plan.replay) return verdict
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-doctor-'))
  try {
    const [name = ''] = plan.command
    const start = profiledStart(path.join(folder, 'p.raw'), {}, findCommand(name), plan.command)
    const environment = { ...superslab.environment, ...start.environment }
    live.say('One more run under superslab, with a profile.')
    await runTrial({ ...plan, command: start.words }, { ...superslab, environment }, agreed, live)
    return { ...verdict, lines: [...verdict.lines, '', ...lines(largestIn(folder))] }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Of the process that held most; undefined if none wrote a profile. */
function largestIn(folder: string): Profile | undefined {
  const files = readdirSync(folder).filter((file) => /^p\.raw(\.\d+)?$/.test(file))
  const profiles = files.map((file) => named(readRaw(path.join(folder, file)), { root: '' }))
  return profiles.toSorted((a, b) => inUse(b) - inUse(a))[0]
}

function lines(profile: Profile | undefined): string[] {
  if (profile === undefined)
    return [
      'The command wrote no profile: a signal such as SIGKILL ended it, or superslab did not serve it.',
    ]
  const total = mebibytes(inUse(profile))
  return [
    `One more run with a profile: ${total} of malloc's blocks were in use at its end. Most of them were allocated by`,
    ...holders(profile)
      .slice(0, shown)
      .map(({ name, bytes }) => `  ${mebibytes(bytes)}  ${name}`),
  ]
}
