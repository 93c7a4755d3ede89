import { readdirSync } from 'node:fs'
import { Argument, Command } from 'commander'
import type { Level } from '../preload'
import { readPublication, timeLimitOfOneMs, whyOnlyAddon } from '../publication'
import { count } from './bench/options'
import { ancestors, commandOf, cut, isNode } from './processes'

export function checkCommand(): Command {
  return new Command('check')
    .description('health check: exit with 1 unless superslab serves the processes')
    .addArgument(
      new Argument(
        '[pid...]',
        'process ids (default: every Node process that this user may read)',
      ).argParser(counts),
    )
    .option('--quiet', 'print nothing on success')
    .addHelpText('after', note)
    .action(run)
}

const note = `
Without a pid it also exits with 1 if it finds no Node process. It ignores its
own process, and launchers such as npx that started it or a served process.`

function counts(text: string, before: number[] = []): number[] {
  return [...before, count(text)]
}

interface Finding {
  pid: number
  command: string
  hardened?: Level
  /** Why superslab does not serve it. */
  complaint?: string
}

function run(pids: number[], { quiet = false }: { quiet?: boolean }): void {
  if (process.platform !== 'linux') throw new Error('check needs Linux, because it reads /proc')
  const found = pids.length > 0 ? pids.flatMap((pid) => examine(pid, true)) : others()
  const bad = found.filter(({ complaint }) => complaint !== undefined)
  for (const { complaint, command } of bad)
    console.error(`superslab: ${complaint}${command ? ` (${command})` : ''}`)
  if (found.length === 0) console.error('superslab: found no Node process that this user may read')
  if (bad.length > 0 || found.length === 0) process.exitCode = 1
  else if (!quiet)
    for (const { pid, command, hardened } of found)
      console.log(`superslab: process ${pid} is served${levelText(hardened)} (${command})`)
}

function levelText(level: Level | undefined): string {
  return level ? ` at hardened level ${level}` : ''
}

/** The other Node processes, without those that started a served one: npx, npm and their kin. */
function others(): Finding[] {
  const found = nodes().flatMap((pid) => examine(pid, false))
  const served = found.filter(({ complaint }) => complaint === undefined)
  const launchers = new Set(served.flatMap(({ pid }) => ancestors(pid).slice(1)))
  return found.filter(({ pid, complaint }) => complaint === undefined || !launchers.has(pid))
}

function nodes(): number[] {
  const own = new Set(ancestors(process.pid))
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => !own.has(pid) && isNode(pid))
}

/** One that ended meanwhile is none, unless it was asked for. */
function examine(pid: number, wasNamed: boolean): Finding[] {
  const command = cut(commandOf(pid), 60)
  const found = readPublication(pid, timeLimitOfOneMs)
  if ('stats' in found) {
    const complaint = whyOnlyAddon(pid, timeLimitOfOneMs)
    return [{ pid, command, hardened: found.hardened, ...(complaint && { complaint }) }]
  }
  if (!wasNamed && found.reason === 'no-such-process') return []
  return [{ pid, command, complaint: found.message }]
}
