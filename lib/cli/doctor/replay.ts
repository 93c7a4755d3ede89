import { statSync } from 'node:fs'
import path from 'node:path'
import { companionFile } from '../../load'
import { inputFolder, prepareReplay } from '../bench/inputs'
import type { Plan } from './trial'

// Of native/bench/replay.c's tables.
const slotBytes = 16
const threadBytes = 128
const epochBytes = 4

/**
 * A recording in the place of a command: superslab-bench makes its calls once with the process's malloc and then idles
 * without freeing the live blocks, so that the memory after the work can be judged.
 */
export function replayPlan(file: string, settle: number): Pick<Plan, 'command' | 'replay'> {
  const input = path.join(inputFolder(), 'replay')
  const { program } = prepareReplay(file, input)
  const { slots, threads, epochs } = program
  const tables = slotBytes * slots + threadBytes * threads.length + epochBytes * epochs.length
  const own = ['--ops', '1', '--slots', `${Math.round(settle * 1000)}`, '--file', input]
  return {
    command: [companionFile('superslab-bench'), 'replay', '--allocator', 'system', ...own],
    replay: { file, ownBytes: statSync(input).size + tables },
  }
}
