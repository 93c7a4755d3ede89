import { Command } from 'commander'
import { preloadFile, preloadPath } from '../preload'
import { findCommand } from './run/find'
import { libcOfCommand } from './run/refusal'

export function pathCommand(): Command {
  return new Command('path')
    .description('print the path of the preload library, for LD_PRELOAD')
    .argument('[program]', 'the program that it is for; by default node')
    .action((program?: string) => console.log(libraryFor(program)))
}

function libraryFor(program?: string): string {
  if (program === undefined) return preloadPath()
  return preloadPath(preloadFile(libcOfCommand(findCommand(program))))
}
