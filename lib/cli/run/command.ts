import { constants } from 'node:os'
import { Command, Option } from 'commander'
import { addon } from '../../addon'
import { type ErrorCode, SuperslabError } from '../../errors'
import { ownLibc } from '../../libc'
import { preloadFile, preloadPath, preloadVariable } from '../../preload'
import { environment, type RunOptions } from './environment'
import { findCommand } from './find'
import { preloadName } from './preload-name'
import { libcOfCommand, refuseUnservable } from './refusal'
import { notExecutable, reasonOf } from './system-error'

/** As env(1) and timeout(1), because commands seldom end with it; also for usage errors. */
export const refused = 125
const exitCodes: Partial<Record<ErrorCode, number>> = {
  ERR_SUPERSLAB_NOT_EXECUTABLE: 126,
  ERR_SUPERSLAB_COMMAND_NOT_FOUND: 127,
}

export function runCommand(): Command {
  const children = new Option('--children <which>', 'which programs below it are served as well')
  return new Command('run')
    .description('run a program with superslab as its malloc; this process becomes the program')
    .usage('[options] [--] <command> [arguments...]')
    .argument('<command...>', 'the program and its arguments')
    .addOption(children.choices(['node', 'all', 'none']))
    .option('--stats', 'have each served process print its statistics when it ends')
    .option('--record <file>', 'record the allocations and frees of each served process')
    .passThroughOptions()
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : refused))
    .action(run)
}

/** Returns only if the program cannot be run. */
function run(words: string[], options: RunOptions): void {
  try {
    const file = findCommand(words[0] ?? '')
    const libc = libcOfCommand(file) ?? ownLibc()
    const library = preloadPath(preloadFile(libc))
    const name = preloadName(library, libc)
    const changes = environment(options, name)
    // As the loader shows it: musl's does not change a name.
    const loaded = libc === 'musl' ? name : library
    refuseUnservable(file, { library: loaded, preload: changes[preloadVariable] ?? '' })
    become(file, words, changes)
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
