import { Command } from 'commander'
import { preloadPath } from '../preload'

export function pathCommand(): Command {
  return new Command('path')
    .description('print the path of the preload library, for LD_PRELOAD')
    .action(() => console.log(preloadPath()))
}
