import { Command, Option } from 'commander'
import { isPreloadable, levelName, preloadFile, preloadVariable } from '../preload'
import { childrenWords, requireOption } from './run/environment'
import { type Hardened, hardenedOption, levelOf } from './run/hardened'

/** The folder in which an image has a link to the library if the loader does not accept the library's path. */
const linkFolder = '/usr/local/lib'

interface EnvOptions {
  children: string
  require?: boolean
  hardened?: Hardened
}

export function envCommand(): Command {
  const children = new Option('--children <which>', 'programs of the image that are served')
  return new Command('env')
    .description('print the lines for a Dockerfile that load superslab into its programs')
    .addOption(children.choices(['node', 'all', 'none']).default('node'))
    .addOption(requireOption())
    .addOption(hardenedOption('load the hardened library'))
    .action((options: EnvOptions) => console.log(lines(options).join('\n')))
}

function lines({ children, require, hardened }: EnvOptions): string[] {
  const level = levelOf(hardened)
  const file = preloadFile(undefined, level)
  const linkPath = `${linkFolder}/lib${levelName(level)}.so`
  const isTaken = isPreloadable(file)
  return [
    ...(isTaken ? [] : [`RUN ln -sf ${JSON.stringify(file)} ${linkPath}`]),
    `ENV ${preloadVariable}=${isTaken ? file : linkPath}`,
    `ENV SUPERSLAB_CHILDREN=${childrenWords(children, require)}`,
  ]
}
