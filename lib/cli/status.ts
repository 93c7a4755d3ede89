import { readdirSync, readFileSync } from 'node:fs'
import { Argument, Command } from 'commander'
import { type Publication, printable, readPublication } from '../publication'
import { count } from './bench/options'
import { plainTable } from './bench/table'
import { mebibytes } from './format'

interface StatusOptions {
  json?: boolean
}

export function statusCommand(): Command {
  return new Command('status')
    .description('show whether superslab serves a process, and its statistics')
    .addArgument(new Argument('[pid]', 'without it, all processes that it serves').argParser(count))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExits with 1 when superslab does not serve the process, and says why.')
    .action(run)
}

function run(pid: number | undefined, { json = false }: StatusOptions): void {
  if (pid === undefined) printAll(json)
  else printOne(pid, json)
}

function printOne(pid: number, json: boolean): void {
  const found = readPublication(pid)
  if (json) console.log(JSON.stringify(found, null, 2))
  else if ('stats' in found) console.log(description(found))
  else console.error(`superslab: ${found.message}`)
  if (!('stats' in found)) process.exitCode = 1
}

function printAll(json: boolean): void {
  const { found, left } = published()
  if (left > 0)
    console.error(`superslab: ${left} processes were not read within ${timeLimitMs / 1000} s`)
  if (json) console.log(JSON.stringify(found, null, 2))
  else if (found.length > 0) console.log(overview(found))
  else console.log('superslab serves no process that this user may read.')
}

/** Time limit for all processes together: a few may take their whole time. */
const timeLimitMs = 5000

/** The processes that publish, and the number that there was no time for. */
function published(): { found: Publication[]; left: number } {
  const end = performance.now() + timeLimitMs
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const others = names.map(Number).filter((pid) => pid !== process.pid)
  const found: Publication[] = []
  let left = others.length
  for (const pid of others) {
    if (performance.now() >= end) break
    const one = readPublication(pid)
    if ('stats' in one) found.push(one)
    left--
  }
  return { found, left }
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

/** Empty if the process has ended meanwhile. */
function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}

function residentBytes(pid: number): number {
  return 1024 * Number(fileOf(pid, 'status').match(/^VmRSS:\s+(\d+) kB/m)?.[1] ?? 0)
}

function commandOf(pid: number): string {
  const words = fileOf(pid, 'cmdline').split('\0').filter(Boolean)
  const text = printable(words.join(' '))
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
