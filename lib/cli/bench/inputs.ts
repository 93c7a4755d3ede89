import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SuperslabError } from '../../errors'
import { writeProgram } from '../recording/file'
import { type Program, programOf } from '../recording/program'
import { readRecording } from '../recording/read'
import { defaultLive, prepareFleet } from './fleet'
import type { Case, Parameters } from './suites'

/** Suites whose cases are files that the user names. */
export const fileSuites = ['replay', 'fleet'] as const
export type FileSuite = (typeof fileSuites)[number]

export function isFileSuite(suite: string): suite is FileSuite {
  return (fileSuites as readonly string[]).includes(suite)
}

/** One case for each file. Their inputs for superslab-bench lie in a folder that is removed when this process ends. */
export function fileCases(suite: FileSuite, files: string[], parameters: Parameters): Case[] {
  if (files.length === 0)
    throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', `${suite}: name the files to read`)
  const folder = inputFolder()
  return files.map((file, index) => {
    const input = path.join(folder, `${index}`)
    const name = path.basename(file).replace(/(\.(gz|rec|csv|trace))+$/, '')
    if (suite === 'replay') return replayCase(file, name, input, parameters)
    prepareFleet(file, parameters.slots ?? defaultLive, input)
    const label = [`fleet ${name}`, parameters.threads && `${parameters.threads} threads`]
    return { label: label.filter(Boolean).join(', '), workload: suite, parameters, input }
  })
}

/** Writes superslab-bench's input for a recording. */
export function prepareReplay(file: string, input: string): { program: Program; stopped: boolean } {
  const recording = readRecording(file)
  const program = programOf(file, recording)
  writeProgram(input, program)
  return { program, stopped: recording.stopped }
}

/** A temporary folder that is removed when this process ends. */
export function inputFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function replayCase(file: string, name: string, input: string, parameters: Parameters): Case {
  const { program, stopped } = prepareReplay(file, input)
  const { calls, unmatched, threads, slots } = program
  const count = (number: number, one: string) =>
    `${number.toLocaleString('en')} ${one}${number === 1 ? '' : 's'}`
  const notes = [
    `${count(calls, 'call')} of ${count(threads.length, 'thread')}, at most ${count(slots, 'live block')}`,
    ...(unmatched > 0 ? [`${count(unmatched, 'free')} of blocks that are not in it left out`] : []),
    ...(stopped ? ['the recorder had to stop before the program ended'] : []),
  ]
  const note = `${file}: ${notes.join('; ')}`
  const { ops } = parameters
  return { label: name, workload: 'replay', parameters: { ...(ops && { ops }) }, input, note }
}
