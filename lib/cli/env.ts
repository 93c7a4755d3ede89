import { Command, Option } from 'commander'
import { isPreloadable, preloadFile, preloadVariable } from '../preload'
import { childrenWords, requireOption } from './run/environment'

/** Where an image has a link to the library if the loader does not accept the library's path. */
const linkPath = '/usr/local/lib/libsuperslab.so'

interface EnvOptions {
  children: string
  require?: boolean
}

export function envCommand(): Command {
  const children = new Option('--children <which>', 'programs of the image that are served')
  return new Command('env')
    .description('print the lines for a Dockerfile that load superslab into its programs')
    .addOption(children.choices(['node', 'all', 'none']).default('node'))
    .addOption(requireOption())
    .action((options: EnvOptions) => console.log(lines(options).join('\n')))
}

function lines({ children, require }: EnvOptions): string[] {
  const file = preloadFile()
  const isTaken = isPreloadable(file)
  return [
    ...(isTaken ? [] : [`RUN ln -sf ${JSON.stringify(file)} ${linkPath}`]),
    `ENV ${preloadVariable}=${isTaken ? file : linkPath}`,
    `ENV SUPERSLAB_CHILDREN=${childrenWords(children, require)}`,
  ]
}
