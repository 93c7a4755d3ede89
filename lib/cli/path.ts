import { Command } from 'commander'
import { type Level, preloadFile, preloadPath } from '../preload'
import { findCommand } from './run/find'
import { type Hardened, hardenedOption, levelOf } from './run/hardened'
import { libcOfCommand } from './run/refusal'

export function pathCommand(): Command {
  return new Command('path')
    .description('print the path of the preload library, for LD_PRELOAD')
    .argument('[program]', 'the program that it is for; by default node')
    .addOption(hardenedOption('print the hardened library'))
    .action((program: string | undefined, { hardened }: { hardened: Hardened }) =>
      console.log(libraryFor(program, levelOf(hardened))),
    )
}

function libraryFor(program: string | undefined, level: Level): string {
  const libc = program === undefined ? undefined : libcOfCommand(findCommand(program))
  return preloadPath(preloadFile(libc, level))
}
