import { InvalidArgumentError } from 'commander'

/** The variable that tells the library how many blocks a second it guards. */
export const guardVariable = 'SUPERSLAB_GUARD'

/** The most that the library takes, and what --guard without a number means: see docs/guards.md for their cost. */
const rateMost = 100
const rateUsual = 50

/** The value of --guard=RATE. */
export function guardRate(text: string): number {
  const rate = Number(text)
  if (!/^\d+$/.test(text) || rate < 1 || rate > rateMost)
    throw new InvalidArgumentError(`It must be 1 to ${rateMost}.`)
  return rate
}

/** The rate that the option asks for. */
export function guardSetting(guard: number | true): string {
  return String(guard === true ? rateUsual : guard)
}
