import type { Profile } from '../../profile/profile'
import { mebibytes, percent } from '../format'
import { difference } from './difference'
import { holders, verdict } from './totals'

const mostRows = 15

/** The profile for a terminal: the verdict, the functions that hold most, and what the reader must know. */
export function toText(profile: Profile, before?: Profile): string {
  const shown = before ? difference(before, profile) : profile
  const found = holders(shown)
  const total = found.reduce((sum, { bytes }) => sum + bytes, 0)
  const rows = found.slice(0, mostRows).map(({ name, bytes }) => {
    const share = percent(bytes / total).padStart(6)
    return `${mebibytes(bytes).padStart(12)} ${share}  ${name}`
  })
  return [
    verdict(shown, before !== undefined),
    ...(rows.length > 0 ? ['', ...rows, ''] : []),
    ...(found.length > mostRows
      ? [`${found.length - mostRows} more functions are not shown.`]
      : []),
    ...profile.notes.map((note) => `Note: ${note}`),
  ].join('\n')
}
