import { readFileSync } from 'node:fs'
import { Argument, Command } from 'commander'
import {
  type NoPublication,
  type Publication,
  printable,
  readInTime,
  readPublication,
  readPublications,
  timeLimitOfAllMs,
} from '../publication'
import { count } from './bench/options'
import { plainTable } from './bench/table'
import { explainProcess } from './explain/command'
import { mebibytes } from './format'

interface StatusOptions {
  json?: boolean
  explain?: boolean
}

export function statusCommand(): Command {
  return new Command('status')
    .description('show whether superslab serves a process, and its statistics')
    .addArgument(new Argument('[pid]', 'without it, all processes that it serves').argParser(count))
    .option('--json', 'print JSON')
    .option('--explain', 'with a pid: show what holds its resident memory, as explain does')
    .addHelpText('after', '\nExits with 1 when superslab does not serve the process, and says why.')
    .action(run)
}

async function run(
  pid: number | undefined,
  { json = false, explain = false }: StatusOptions,
  command: Command,
): Promise<void> {
  if (explain && pid === undefined) command.error('error: --explain needs a pid')
  else if (explain && pid !== undefined) await explainProcess(pid, { json })
  else if (pid === undefined) printAll(json)
  else printOne(pid, json)
}

function printOne(pid: number, json: boolean): void {
  const found = readPublication(pid)
  if (json) console.log(JSON.stringify(withoutRanges(found), null, 2))
  else if ('stats' in found) console.log(description(found))
  else console.error(`superslab: ${found.message}`)
  if (!('stats' in found)) process.exitCode = 1
}

function printAll(json: boolean): void {
  const { complaint, text } = listing(json)
  if (complaint) console.error(complaint)
  console.log(text)
}

/** All processes that are served, and what to say of those that there was no time for. */
export function listing(json: boolean, limitMs = timeLimitOfAllMs) {
  const { found, left } = readPublications(limitMs)
  const complaint =
    left > 0 ? `superslab: ${left} processes were not read within ${limitMs / 1000} s` : ''
  if (json) return { complaint, text: JSON.stringify(found.map(withoutRanges), null, 2) }
  const nothing = 'superslab serves no process that this user may read.'
  return { complaint, text: found.length > 0 ? overview(found) : nothing }
}

/** Addresses are of use to `explain` alone. */
function withoutRanges(found: Publication | NoPublication) {
  if (!('stats' in found)) return found
  const { ranges: _, ...rest } = found
  return rest
}

function description({ pid, version, time, stats }: Publication): string {
  const blocks = (number: number) => `in ${number.toLocaleString('en')} blocks`
  const lines = [
    line('live', stats.liveBytes, blocks(stats.liveBlocks)),
    line('cached', stats.cachedBytes, `${blocks(stats.cachedBlocks)} that threads keep`),
    line('free in slabs', stats.slabFreeBytes),
    line('dirty', stats.dirtyBytes, 'free, not given back yet'),
    line('given back', stats.givenBackBytes, 'since the start'),
    line('metadata', stats.metadataBytes),
    line('resident', residentBytes(pid), 'the whole process, now'),
  ]
  const ago = Math.max(0, (Date.now() - time.getTime()) / 1000).toFixed(1)
  return [
    `superslab ${version} serves process ${pid} (${commandOf(pid)})`,
    ...lines,
    `as of ${time.toISOString()}, ${ago} s ago`,
  ].join('\n')
}

function line(name: string, bytes: number, note = ''): string {
  return `${name.padEnd(14)} ${mebibytes(bytes).padStart(12)}  ${note}`.trimEnd()
}

function overview(found: readonly Publication[]): string {
  const rows = found.map(({ pid, time, stats }) => [
    String(pid),
    mebibytes(stats.liveBytes),
    mebibytes(stats.cachedBytes),
    mebibytes(stats.dirtyBytes),
    mebibytes(residentBytes(pid)),
    time.toISOString(),
    commandOf(pid),
  ])
  return plainTable(['pid', 'live', 'cached', 'dirty', 'resident', 'as of', 'command'], rows, 0)
}

/** 0 if the process has ended meanwhile. */
function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return 1024 * Number(status.match(/^VmRSS:\s+(\d+) kB/m)?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** Empty if the process has ended, or does not let itself be read. */
function commandOf(pid: number): string {
  const words = (readInTime(`/proc/${pid}/cmdline`) ?? '').split('\0').filter(Boolean)
  const text = printable(words.join(' '))
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
