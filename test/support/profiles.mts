import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'

export interface RawParts {
  pid?: number
  program?: string
  time?: number
  /** Seconds since the start. */
  age?: number
  lost?: number
  perfMap?: string
  labels?: string[]
  stacks?: string[]
  maps?: string[]
}

/** A raw profile as the native code writes it. */
export function rawText(parts: RawParts = {}): string {
  const { pid = 4711, program = '/usr/bin/node', time = 1_800_000_000, age = 60, lost = 0 } = parts
  return [
    'superslab profile 1',
    `process ${pid}`,
    `program ${program}`,
    `start ${time - age}000000000`,
    `time ${time}000000000`,
    'interval 524288',
    'stacks 3 10000',
    `samples 400 ${lost}`,
    ...(parts.perfMap ? [`perfmap ${parts.perfMap}`] : []),
    ...(parts.labels ?? []).map((text, i) => `label ${i + 1} ${text}`),
    ...(parts.stacks ?? []).map((text) => `stack ${text}`),
    ...(parts.maps ?? []).map((text) => `map ${text}`),
    'end\n',
  ].join('\n')
}

/** A folder of the test's own. */
export function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-profile-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

export function written(folder: string, name: string, content: string | Buffer): string {
  const file = path.join(folder, name)
  writeFileSync(file, content)
  return file
}
