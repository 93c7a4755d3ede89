// Runs third-party programs twice: unserved and served.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext, type Implementation } from 'ava'
import { type Ended, ended, main, plainEnvironment } from './cli.mjs'

/** `npm run test:programs` runs all of them, `npm test` those that take a second or two. */
const runsAll = process.env.TEST_PROGRAMS === 'all'

/** The level of the hardened library that serves the programs; without it the default library does. */
const level = process.env.TEST_HARDENED

interface Needs {
  commands: string[]
  /** Takes long, so not part of `npm test`. */
  long?: boolean
  /** What else the machine lacks. */
  lacks?(): string | false
}

/** A test that is skipped, with the reason printed, where a program it needs is not installed. */
export function programTest(title: string, needs: Needs, body: Implementation<[]>): void {
  const missing = needs.commands.filter((command) => !isInstalled(command))
  const reasons = [
    needs.long && !runsAll && 'takes long: npm run test:programs',
    process.platform !== 'linux' && 'preloading is tested on Linux',
    missing.length > 0 && `${missing.join(', ')} not installed`,
    needs.lacks?.() ?? false,
  ]
  const skipped = reasons.find(Boolean)
  if (skipped) console.error(`skipped: ${title}: ${skipped}`)
  ;(skipped ? test.skip : test)(title, body)
}

function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command} || test -e ${command}`]).status === 0
}

export function temporaryFolder(t: ExecutionContext): string {
  const place = mkdtempSync(path.join(tmpdir(), 'superslab-programs-'))
  t.teardown(() => rmSync(place, { recursive: true, force: true }))
  return place
}

export interface Served extends Ended {
  /** The command lines of the processes that superslab served. */
  served: string[]
}

export interface RunOptions {
  cwd?: string
  env?: Record<string, string>
  children?: 'all' | 'node' | 'none'
}

export function plain(command: string[], { cwd, env }: RunOptions = {}): Promise<Ended> {
  const [file = '', ...args] = command
  return ended(file, args, { cwd, env: plainEnvironment(env) })
}

/** Under `superslab run`, every process served unless `children` says otherwise. */
export async function served(
  t: ExecutionContext,
  command: string[],
  { cwd, env, children = 'all' }: RunOptions = {},
): Promise<Served> {
  const file = path.join(temporaryFolder(t), 'served')
  const hardened = level === undefined ? [] : [`--hardened=${level}`]
  const args = [main, 'run', `--children=${children}`, ...hardened, '--', ...command]
  const environment = plainEnvironment({ ...env, SUPERSLAB_STATS: file })
  const result = await ended(process.execPath, args, { cwd, env: environment })
  return { ...result, served: servedCommands(file) }
}

export function servedCommands(file: string): string[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return [...lines.matchAll(/command="(.*)"$/gm)].map(([, command = '']) => command)
}

/** Both runs end alike and print the same, and a process that matches `worker` was served. */
export async function sameOutput(
  t: ExecutionContext,
  command: string[],
  worker: RegExp,
  options: RunOptions = {},
): Promise<void> {
  const expected = await plain(command, options)
  t.is(expected.code, 0, expected.stderr)
  const actual = await served(t, command, options)
  t.is(actual.code, 0, actual.stderr)
  t.is(actual.stdout, expected.stdout)
  t.true(expected.stdout.length > 0)
  wasServed(t, actual.served, worker)
}

export function wasServed(t: ExecutionContext, commands: string[], worker: RegExp): void {
  t.true(
    commands.some((command) => worker.test(command)),
    `served: ${commands.join(' | ')}`,
  )
}
