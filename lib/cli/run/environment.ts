import { existsSync, readFileSync } from 'node:fs'
import { Option } from 'commander'
import { withoutRoot, withRoot } from '../../children'
import { preloadVariable } from '../../preload'
import { guardSetting, guardVariable } from './guard'
import type { Hardened } from './hardened'
import type { ProfileRunOptions } from './profile'
import { recordingPath, recordVariable } from './record'

export interface RunOptions extends ProfileRunOptions {
  children?: string
  require?: boolean
  stats?: boolean
  record?: string
  hardened?: Hardened
  guard?: number | true
}

/** The variables that the program's environment has in addition to this process's. */
export function environment(options: RunOptions, library: string): Record<string, string> {
  return {
    [preloadVariable]: [...preloaded(), library].join(':'),
    SUPERSLAB_CHILDREN: withRoot(children(options), root()),
    ...(options.stats && { SUPERSLAB_STATS: '1' }),
    ...(options.guard && { [guardVariable]: guardSetting(options.guard) }),
    ...(options.record && { [recordVariable]: recordingPath(options.record) }),
  }
}

/** Without the option, what the environment says; without that, node below the command. */
function children({ children, require }: RunOptions): string {
  const inherited = withoutRoot(process.env.SUPERSLAB_CHILDREN ?? '')
  if (children === undefined && inherited) return require ? `${inherited},require` : inherited
  return childrenWords(children ?? 'node', require)
}

/** The value of SUPERSLAB_CHILDREN, without the word for the command. */
export function childrenWords(children: string, require = false): string {
  return require ? `${children},require` : children
}

export function requireOption(): Option {
  return new Option('--require', 'end a process that superslab should serve but cannot')
}

/** Libraries that are preloaded already come first, so that another allocator among them is noticed. */
function preloaded(): string[] {
  const list = process.env[preloadVariable]?.split(/[ :]/) ?? []
  return list.filter((file) => file !== '' && !/\/libsuperslab[^/]*$/.test(file))
}

/** This process, which the program becomes: its id and, where there is one, its start time. */
function root(): string {
  const stat = '/proc/self/stat'
  if (!existsSync(stat)) return `${process.pid}`
  const text = readFileSync(stat, 'latin1')
  const startTime = text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
  return `${process.pid}:${startTime}`
}
