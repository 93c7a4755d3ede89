import { constants } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import { addon } from '../../addon'
import { type ErrorCode, SuperslabError } from '../../errors'
import { ownLibc } from '../../libc'
import { preloadFile, preloadPath, preloadVariable } from '../../preload'
import { profileFailed } from '../../profile/failure'
import { rawEnding } from '../profile/format'
import { environment, type RunOptions, requireOption } from './environment'
import { findCommand } from './find'
import { guardRate } from './guard'
import { hardenedOption, levelOf } from './hardened'
import { preloadName } from './preload-name'
import { profiledStart, profileFile, profileSignals } from './profile'
import { libcOfCommand, refuseUnservable } from './refusal'
import { stay } from './stay'
import { notExecutable, reasonOf } from './system-error'

/** As env(1) and timeout(1), because commands seldom end with it; also for usage errors. */
export const refused = 125
const exitCodes: Partial<Record<ErrorCode, number>> = {
  ERR_SUPERSLAB_NOT_EXECUTABLE: 126,
  ERR_SUPERSLAB_COMMAND_NOT_FOUND: 127,
}

const help = `
--profile writes which functions and lines allocated the memory in use: when the
program ends, on SIGUSR2, and every n minutes if you ask for that. The file is
heap-profile.html; the ending of another FILE chooses its format, as in
'superslab profile --help'. Other served processes write FILE.PID. superslab
stays as the parent of the program, and exits as the program does. With a FILE
that ends in .raw it becomes the program, and 'superslab profile FILE.raw' adds
the names later. A small function that is called thousands of times may become
part of its caller; --profile-exact prevents that, for 10 to 25 % more processor
time.

--guard puts a block now and then between inaccessible pages. An access beside
it, or after it was freed, ends the program with a report: what was done, and
the calls that allocated and freed the block. It costs about 0.25 % of one
processor's time at the usual rate, so a service may keep it on.

  superslab run --guard -- node server.js
  superslab run --profile -- node server.js
  superslab run --profile=heap.pb.gz --profile-minutes=10 -- node server.js`

export function runCommand(): Command {
  const children = new Option(
    '--children <which>',
    'programs below the command that superslab also serves (default: node)',
  )
  return new Command('run')
    .description('run a program with superslab as its malloc')
    .usage('[options] [--] <command> [arguments...]')
    .argument('<command...>', 'the program and its arguments')
    .addOption(children.choices(['node', 'all', 'none']))
    .addOption(requireOption())
    .addOption(hardenedOption('serve by the hardened library, which checks more'))
    .option('--stats', 'print the statistics of each served process when it ends')
    .option('--record <file>', 'record what each served process allocates and frees')
    .option(
      '--guard [rate]',
      'find misuse of memory: guard this many blocks a second (50)',
      guardRate,
    )
    .option('--profile [file]', 'write which functions hold the memory; see below')
    .option(
      '--profile-signal <name>',
      'also write the profile on this signal (default: SIGUSR2)',
      signalName,
    )
    .option('--profile-minutes <n>', 'also write the profile every n minutes', minutes)
    .option(
      '--profile-mean <bytes>',
      'mean of the bytes between two samples (default: 512K)',
      byteCount,
    )
    .option('--profile-exact', 'keep Node from inlining functions; slower, see below')
    .option('--no-engine-map', 'profile without the names of JavaScript functions')
    .addHelpText('after', help)
    .passThroughOptions()
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : refused))
    .action(run)
}

/** Returns only if the program cannot be run, or has ended below this process. */
async function run(words: string[], options: RunOptions): Promise<void> {
  try {
    const file = findCommand(words[0] ?? '')
    const libc = libcOfCommand(file) ?? ownLibc()
    const level = levelOf(options.hardened)
    const library = preloadPath(preloadFile(libc, level))
    const name = preloadName(library, libc, level)
    const changes = environment(options, name)
    // As the loader shows it: musl's does not change a name.
    const loaded = libc === 'musl' ? name : library
    refuseUnservable(file, { library: loaded, preload: changes[preloadVariable] ?? '' })
    if (options.profile === undefined) become(file, words, changes)
    if (options.record) throw profileFailed('--profile and --record cannot be used together')
    const target = profileFile(options)
    if (!target.endsWith(rawEnding)) return await stay(target, words, options)
    const start = profiledStart(target, options, file, words)
    if (start.complaint)
      console.error(`superslab: the profile will not name JavaScript functions: ${start.complaint}`)
    become(file, start.words, { ...changes, ...start.environment })
  } catch (error) {
    const { message, code } = error as SuperslabError
    const suffix = error instanceof SuperslabError ? ` (${code})` : ''
    console.error(`superslab: ${oneLine(message)}${suffix}`)
    process.exitCode = exitCodes[code] ?? refused
  }
}

/** Names of files may have control characters. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1))
}

function become(file: string, words: string[], changes: Record<string, string>): never {
  const assignments = Object.entries(changes).map(([name, value]) => `${name}=${value}`)
  let error = addon.execute(file, words, assignments)
  // execvp and shells give a file without `#!` to a shell.
  if (error === constants.errno.ENOEXEC)
    error = addon.execute('/bin/sh', ['sh', file, ...words.slice(1)], assignments)
  throw notExecutable(`${file} cannot be run: ${reasonOf(error)}`)
}

function signalName(text: string): string {
  const name = text.toUpperCase().replace(/^(?!SIG)/, 'SIG')
  if (!profileSignals.includes(name))
    throw new InvalidArgumentError(`It must be ${profileSignals.join(', ')}.`)
  return name
}

function minutes(text: string): number {
  const value = Number(text)
  if (!(value >= 0.01 && value <= 100_000))
    throw new InvalidArgumentError('It must be a number of minutes.')
  return value
}

/** `512K`, `2M`, or bytes. */
function byteCount(text: string): number {
  const [, number = '', unit = ''] = text.match(/^(\d+)([KM]?)$/i) ?? []
  const bytes = Number(number) * ({ k: 1024, m: 1 << 20 }[unit.toLowerCase()] ?? 1)
  if (!(bytes >= 1024 && bytes <= 1 << 30))
    throw new InvalidArgumentError('It must be 1K to 1024M.')
  return bytes
}
