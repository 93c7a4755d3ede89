import { InvalidArgumentError } from 'commander'

/** The variable that tells the library how many blocks a second it guards. */
export const guardVariable = 'SUPERSLAB_GUARD'

/** The most that the library takes, and what --guard without a number means: see docs/guards.md for its cost. */
export const guardRateMost = 100

/** The value of --guard=RATE. */
export function guardRate(text: string): number {
  const rate = Number(text)
  if (!/^\d+$/.test(text) || rate < 1 || rate > guardRateMost)
    throw new InvalidArgumentError(`It must be 1 to ${guardRateMost}.`)
  return rate
}

/** The rate that the option asks for. */
export function guardSetting(guard: number | true): string {
  return String(guard === true ? guardRateMost : guard)
}
