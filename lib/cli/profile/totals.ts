import { frameText } from '../../profile/frame'
import type { Profile } from '../../profile/profile'
import { siteOf } from '../../profile/site'
import { mebibytes, percent } from '../format'

/** The functions that hold most, by the bytes in use. */
export function holders({ stacks, program }: Profile): { name: string; bytes: number }[] {
  const totals = new Map<string, number>()
  for (const stack of stacks) {
    const name = frameText(siteOf(stack, program).frame)
    totals.set(name, (totals.get(name) ?? 0) + stack.inUseBytes)
  }
  return [...totals]
    .map(([name, bytes]) => ({ name, bytes }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
}

export function inUse({ stacks }: Profile): number {
  return stacks.reduce((sum, { inUseBytes }) => sum + inUseBytes, 0)
}

/** The verdict in one sentence. */
export function verdict(profile: Profile, isDifference: boolean): string {
  const [first] = holders(profile)
  const total = isDifference
    ? holders(profile).reduce((sum, { bytes }) => sum + bytes, 0)
    : inUse(profile)
  if (!first) return isDifference ? 'Nothing grew.' : 'Nothing that was sampled is in use.'
  const share = `${mebibytes(first.bytes)} of ${mebibytes(total)} (${percent(first.bytes / total)})`
  return isDifference
    ? `Most growth: ${share} by ${first.name}.`
    : `Most memory in use: ${share} by ${first.name}.`
}
