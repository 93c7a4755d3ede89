import { setTimeout as sleep } from 'node:timers/promises'
import { Argument, Command } from 'commander'
import { count } from '../bench/options'
import { askedBy } from './asked'
import { explain } from './explanation'
import { explanationText } from './text'
import { changes, type Sentence } from './words'

interface ExplainOptions {
  json?: boolean
  seconds?: number
}

export function explainCommand(): Command {
  return new Command('explain')
    .description('show what holds the resident memory of a process, served or not')
    .addArgument(new Argument('<pid>', 'the process').argParser(count))
    .option('--seconds <n>', 'look twice, n seconds apart, and say what grew', count)
    .option('--json', 'print JSON')
    .action(explainProcess)
}

export async function explainProcess(
  pid: number,
  { json = false, seconds }: ExplainOptions,
): Promise<void> {
  const first = explain(pid, await askedBy(pid))
  if ('message' in first) return complain(pid, first.message, json)
  if (seconds === undefined) return print(first, undefined, json)
  await sleep(1000 * seconds)
  const second = explain(pid, await askedBy(pid))
  if ('message' in second) return complain(pid, second.message, json)
  print(second, changes(first, second, seconds), json)
}

function print(
  found: Exclude<ReturnType<typeof explain>, { message: string }>,
  changed: Sentence[] | undefined,
  json: boolean,
): void {
  if (!json) console.log(explanationText(found, changed))
  else console.log(JSON.stringify({ ...found, ...(changed && { changes: changed }) }, null, 2))
}

function complain(pid: number, message: string, json: boolean): void {
  if (json) console.log(JSON.stringify({ pid, message }, null, 2))
  else console.error(`superslab: ${message}`)
  process.exitCode = 1
}
