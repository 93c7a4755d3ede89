import { constants } from 'node:os'
import { Command, Option } from 'commander'
import { addon } from '../../addon'
import { type ErrorCode, SuperslabError } from '../../errors'
import { preloadPath, preloadVariable } from '../../preload'
import { environment, type RunOptions, requireOption } from './environment'
import { findCommand } from './find'
import { preloadName } from './preload-name'
import { refuseUnservable } from './refusal'
import { notExecutable, reasonOf } from './system-error'

/** As env(1) and timeout(1), because commands seldom end with it; also for usage errors. */
export const refused = 125
const exitCodes: Partial<Record<ErrorCode, number>> = {
  ERR_SUPERSLAB_NOT_EXECUTABLE: 126,
  ERR_SUPERSLAB_COMMAND_NOT_FOUND: 127,
}

export function runCommand(): Command {
  const children = new Option(
    '--children <which>',
    'programs that it starts and superslab serves too (default: node)',
  )
  return new Command('run')
    .description('run a program with superslab as its malloc')
    .usage('[options] [--] <command> [arguments...]')
    .argument('<command...>', 'the program and its arguments')
    .addOption(children.choices(['node', 'all', 'none']))
    .addOption(requireOption())
    .option('--stats', 'print the statistics of each served process when it ends')
    .option('--record <file>', 'record what each served process allocates and frees')
    .passThroughOptions()
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : refused))
    .action(run)
}

/** Returns only if the program cannot be run. */
function run(words: string[], options: RunOptions): void {
  try {
    const file = findCommand(words[0] ?? '')
    const library = preloadPath()
    const changes = environment(options, preloadName(library))
    refuseUnservable(file, library, changes[preloadVariable] ?? '')
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
