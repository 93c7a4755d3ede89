import { Command, Option } from 'commander'
import { isPreloadable, preloadFile, preloadVariable } from '../preload'

/** Where an image has a link to the library if the loader does not accept the library's path. */
const linkPath = '/usr/local/lib/libsuperslab.so'

export function envCommand(): Command {
  const children = new Option('--children <which>', 'which programs of the image are served')
  return new Command('env')
    .description('print the lines for a Dockerfile that preload superslab')
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
