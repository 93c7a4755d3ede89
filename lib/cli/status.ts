import { setTimeout as sleep } from 'node:timers/promises'
import { Argument, Command, InvalidArgumentError } from 'commander'
import type { Level } from '../preload'
import {
  type NoPublication,
  type Publication,
  readPublication,
  readPublications,
  timeLimitOfAllMs,
  timeLimitOfOneMs,
  whyOnlyAddon,
} from '../publication'
import { count } from './bench/options'
import { plainTable } from './bench/table'
import { explainProcess } from './explain/command'
import { mebibytes, wrapped } from './format'
import { commandOf, cut, residentBytes } from './processes'

interface StatusOptions {
  json?: boolean
  explain?: boolean
  /** Seconds; true: the default. */
  watch?: number | true
}

const watchSeconds = 2
/** For a pipe or a file. */
const columnsElsewhere = 80

export function statusCommand(): Command {
  return new Command('status')
    .description('show the processes that superslab serves, and what it holds in them')
    .addArgument(new Argument('[pid]', 'one process, with all its figures').argParser(count))
    .option('--json', 'print JSON')
    .option('--explain', 'with a pid: show what holds its memory, like superslab explain')
    .option('--watch [s]', `repeat every s seconds (default: ${watchSeconds})`, seconds)
    .addHelpText('after', '\nExits with 1 if superslab does not serve the process, and says why.')
    .action(run)
}

async function run(
  pid: number | undefined,
  { watch, json = false, explain = false }: StatusOptions,
  command: Command,
): Promise<void> {
  if (explain && pid === undefined) return command.error('error: --explain needs a pid')
  if (explain && pid !== undefined) return explainProcess(pid, { json })
  if (watch === undefined) return print(shown(pid, json, process.stdout.columns))
  for (;;) {
    const text = shown(pid, json, process.stdout.columns, true)
    if (process.stdout.isTTY && !json) process.stdout.write('\x1b[H\x1b[2J')
    print(text)
    if (text.failed) return
    await sleep(1000 * (watch === true ? watchSeconds : watch))
  }
}

interface Shown {
  text: string
  complaint: string
  failed?: boolean
}

function print({ text, complaint, failed }: Shown): void {
  if (complaint) console.error(complaint)
  if (text) console.log(text)
  if (failed) process.exitCode = 1
}

/** `inOne`: JSON in one line, as each reading of a series is. */
function shown(pid: number | undefined, json: boolean, columns?: number, inOne = false): Shown {
  if (pid === undefined) return listing(json, timeLimitOfAllMs, columns, inOne)
  const found = readPublication(pid, timeLimitOfOneMs)
  const failed = !('stats' in found)
  if (json) return { text: jsonText(withoutRanges(found), inOne), complaint: '', failed }
  if (!('stats' in found))
    return {
      text: '',
      complaint: wrapped(`superslab: ${found.message}`, process.stderr.columns),
      failed,
    }
  return { text: description(found, columns), complaint: '' }
}

function jsonText(value: unknown, inOne: boolean): string {
  return JSON.stringify(value, null, inOne ? undefined : 2)
}

/** All processes that are served, and what to say of those that there was no time for. */
export function listing(
  json: boolean,
  limitMs = timeLimitOfAllMs,
  columns = columnsElsewhere,
  inOne = false,
): Shown {
  const { found, left } = readPublications(limitMs)
  const complaint =
    left > 0 ? `superslab: ${left} processes were not read within ${limitMs / 1000} s` : ''
  const sorted = found
    .map((one) => ({
      ...withoutRanges(one),
      residentBytes: residentBytes(one.pid),
      command: commandOf(one.pid),
    }))
    .toSorted((a, b) => b.residentBytes - a.residentBytes)
  if (json) return { complaint, text: jsonText(sorted, inOne) }
  const nothing = wrapped('superslab serves no process that this user may read.', columns)
  return { complaint, text: sorted.length > 0 ? overview(sorted, columns) : nothing }
}

/** Addresses are of use to `explain` alone. */
function withoutRanges<Found extends Publication | NoPublication>(found: Found) {
  if (!('stats' in found)) return found
  const { ranges: _, ...rest } = found as Publication
  return rest
}

function description(
  { pid, version, hardened, time, stats }: Publication,
  columns?: number,
): string {
  const blocks = (number: number) => `in ${number.toLocaleString('en')} blocks`
  const lines = [
    line('live', stats.liveBytes, blocks(stats.liveBlocks)),
    line('cached', stats.cachedBytes, `${blocks(stats.cachedBlocks)} that threads keep`),
    line('free in slabs', stats.slabFreeBytes),
    line('dirty', stats.dirtyBytes, 'free, not given back yet'),
    line('given back', stats.givenBackBytes, 'since the start'),
    line('metadata', stats.metadataBytes),
    line('resident', residentBytes(pid), 'the whole process, now'),
    ...(stats.guardRate > 0 ? [guards(stats)] : []),
  ]
  const ago = Math.max(0, (Date.now() - time.getTime()) / 1000).toFixed(1)
  const complaint = whyOnlyAddon(pid, timeLimitOfOneMs)
  const width = columns ?? Number.POSITIVE_INFINITY
  return [
    cut(
      `superslab ${version}${levelText(hardened)} serves process ${pid} (${commandOf(pid, timeLimitOfOneMs)})`,
      width,
    ),
    ...(complaint ? [wrapped(complaint, columns)] : []),
    ...lines.map((one) => cut(one, width)),
    cut(`as of ${time.toISOString()}, ${ago} s ago`, width),
  ].join('\n')
}

function levelText(level: Level): string {
  return level === 0 ? '' : `, hardened level ${level},`
}

function guards({ guardRate, guardSamples, guardedBlocks }: Publication['stats']): string {
  const so = `${guardSamples.toLocaleString('en')} blocks so far, ${guardedBlocks} now`
  return `${'guarded'.padEnd(14)} ${so}, at most ${guardRate} a second`
}

function line(name: string, bytes: number, note = ''): string {
  return `${name.padEnd(14)} ${mebibytes(bytes).padStart(12)}  ${note}`.trimEnd()
}

// ---- the table of all ----

export type Row = Pick<Publication, 'pid' | 'stats' | 'hardened'> & {
  residentBytes: number
  command: string
}

/** The columns in the order of their importance: a narrow terminal shows the first ones. */
const columnsOf: [name: string, bytes: (row: Row) => number, from: number][] = [
  ['resident', ({ residentBytes }) => residentBytes, 0],
  ['live', ({ stats }) => stats.liveBytes, 0],
  ['dirty', ({ stats }) => stats.dirtyBytes, 56],
  ['cached', ({ stats }) => stats.cachedBytes, 68],
]
/** The level of the hardened library, where some process has one. */
const levelsFrom = 48
/** Between two columns. */
const gap = 2
const commandLeast = 8

/** A row for each process, the command in what is left of the terminal's width. */
export function overview(rows: readonly Row[], width: number): string {
  const columns = columnsOf.filter(([, , from]) => width >= from)
  const hasLevels = width >= levelsFrom && rows.some(({ hardened }) => hardened > 0)
  const head = ['pid', ...columns.map(([name]) => name), ...(hasLevels ? ['hardened'] : [])]
  const figures = rows.map((row) => [
    String(row.pid),
    ...columns.map(([, bytes]) => mebibytes(bytes(row))),
    ...(hasLevels ? [row.hardened === 0 ? '-' : String(row.hardened)] : []),
  ])
  const widths = head.map((name, i) =>
    Math.max(name.length, ...figures.map((cells) => cells[i]?.length ?? 0)),
  )
  const left = width - widths.reduce((sum, one) => sum + one + gap, 0)
  const commands = rows.map(({ command }) => cut(command, Math.max(commandLeast, left)))
  const lines = plainTable(head, figures, 0).split('\n')
  return lines
    .map((text, i) => `${text}${' '.repeat(gap)}${i === 0 ? 'command' : commands[i - 1]}`)
    .join('\n')
}

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It must be a number of seconds above 0.')
  return value
}
