import { InvalidArgumentError, Option } from 'commander'
import type { Level } from '../../preload'

/** What commander gives for the option: true without a number. */
export type Hardened = Level | true | undefined

/** The option for the library with checks. */
export function hardenedOption(description: string): Option {
  return new Option('--hardened [level]', `${description}, of level 1 or 2 (1)`).argParser(parsed)
}

function parsed(text: string): Level {
  if (text === '1' || text === '2') return Number(text) as Level
  throw new InvalidArgumentError('It must be 1 or 2; a command comes after --.')
}

export function levelOf(given: Hardened): Level {
  return given === true ? 1 : (given ?? 0)
}

/** The option as a word of a command line; none for the default library. */
export function hardenedWords(given: Hardened): string[] {
  const level = levelOf(given)
  return level === 0 ? [] : [`--hardened=${level}`]
}
