import { InvalidArgumentError } from 'commander'

export interface BenchOptions {
  threads?: number[]
  ops?: number
  size?: string
  ws?: number
  seed?: number
  runs: number
  against?: string[]
  preloaded: boolean
  csv?: string
  json?: string
  html?: string
  resume?: string
  routes?: boolean
  inProcess?: boolean
  live?: number
}

/** With fewer rounds the noise cannot be estimated. */
const minimumRuns = 5

export function count(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number above 0.')
  return value
}

export function counts(text: string): number[] {
  return text.split(',').map(count)
}

export function seedValue(text: string): number {
  return text === '0' ? 0 : count(text)
}

export function sizeRange(text: string): string {
  const [min, max = min] = text.split('-')
  if (text.split('-').length > 2 || count(min ?? '') > count(max ?? ''))
    throw new InvalidArgumentError('It must be a size or two, as in 16-1040.')
  return text
}

export function runCount(text: string): number {
  if (count(text) < minimumRuns)
    throw new InvalidArgumentError(`It must be at least ${minimumRuns}.`)
  return count(text)
}

export function list(text: string): string[] {
  return text.split(',').filter(Boolean)
}
