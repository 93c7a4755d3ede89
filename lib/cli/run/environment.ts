import { existsSync, readFileSync } from 'node:fs'
import { preloadVariable } from '../../preload'
import type { ProfileRunOptions } from './profile'
import { recordingPath, recordVariable } from './record'

export interface RunOptions extends ProfileRunOptions {
  children?: string
  stats?: boolean
  record?: string
}

/** The variables that the program's environment has in addition to this process's. */
export function environment(options: RunOptions, library: string): Record<string, string> {
  return {
    [preloadVariable]: [...preloaded(), library].join(':'),
    SUPERSLAB_ROOT: root(),
    ...(options.children && { SUPERSLAB_CHILDREN: options.children }),
    ...(options.stats && { SUPERSLAB_STATS: '1' }),
    ...(options.record && { [recordVariable]: recordingPath(options.record) }),
  }
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
