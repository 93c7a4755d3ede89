import { Command, Option } from 'commander'
import { isPreloadable, preloadFile, preloadVariable } from '../preload'

/** Where an image keeps a link to a library that the loader cannot be given as it is. */
const linkPath = '/usr/local/lib/libsuperslab.so'

export function envCommand(): Command {
  const children = new Option('--children <which>', 'which programs of the image are served')
  return new Command('env')
    .description('print the lines by which a Dockerfile has superslab serve its programs')
    .addOption(children.choices(['node', 'all', 'none']).default('node'))
    .action(({ children }: { children: string }) => console.log(lines(children).join('\n')))
}

function lines(children: string): string[] {
  const file = preloadFile()
  const isTaken = isPreloadable(file)
  return [
    ...(isTaken ? [] : [`RUN ln -sf ${JSON.stringify(file)} ${linkPath}`]),
    `ENV ${preloadVariable}=${isTaken ? file : linkPath}`,
    `ENV SUPERSLAB_CHILDREN=${children}`,
  ]
}
