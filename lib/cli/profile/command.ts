import { Command, InvalidArgumentError } from 'commander'
import { profileFailed } from '../../profile/failure'
import { named } from '../../profile/names'
import { readRaw } from '../../profile/raw'
import { checkEnding } from './format'
import { type ProcessOptions, profileProcess } from './process'
import { show } from './show'

const help = `
Without -o it prints the functions that hold most. FILE's ending is its format:
  .html         a page with a flame graph and tables
  .pb.gz        for pprof
  .heapprofile  for the panel Memory of Chrome's DevTools
  .collapsed    for flamegraph.pl and speedscope
  .raw          what the process wrote, without names

Examples:
  superslab profile 4711 --seconds 60 --diff -o growth.html
  superslab profile heap.raw -o heap.pb.gz
  superslab profile before.raw after.raw -o growth.html`

export function profileCommand(): Command {
  return new Command('profile')
    .description('show which functions hold the memory of a process that superslab serves')
    .argument('<target>', 'a process id, or a file that ends in .raw')
    .argument('[later]', 'a second .raw file: what changed between the two')
    .option('-o, --output <file>', 'write the profile to this file')
    .option('--seconds <n>', 'how long to sample a process', seconds, 30)
    .option('--diff', 'of a process: only what changed during these seconds')
    .addHelpText('after', help)
    .action(run)
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 86_400))
    throw new InvalidArgumentError('It must be a number of seconds, up to 86400.')
  return value
}

async function run(
  target: string,
  later: string | undefined,
  options: ProcessOptions,
): Promise<void> {
  if (options.output !== undefined) checkEnding('--output', options.output)
  if (/^\d+$/.test(target)) {
    if (later !== undefined) throw profileFailed('a process is profiled alone: leave out the file')
    await profileProcess(Number(target), options)
    return
  }
  if (options.diff)
    throw profileFailed('--diff is for a process; for files name both, the earlier one first')
  const first = named(readRaw(target))
  if (later === undefined) show(first, undefined, options.output)
  else show(named(readRaw(later)), first, options.output)
}
