import { Command } from 'commander'
import { includeDirectory } from '../paths'

export function includeCommand(): Command {
  return new Command('include')
    .description('print the folder of superslab.h, for a compiler')
    .action(() => console.log(includeDirectory))
}
