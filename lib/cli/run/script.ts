import { closeSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { SuperslabError } from '../../errors'
import { findCommand } from './find'
import { notExecutable, numberOf, reasonOf } from './system-error'

/** The kernel's limit of interpreters that are scripts themselves. */
const depthMax = 4
/** The kernel's limit of a first line. */
const lineBytes = 256

/** The programs that the kernel loads: for a script its interpreter, for `#!/usr/bin/env name` both. */
export function programs(file: string, depth = depthMax): string[] {
  const script = firstLine(file).match(/^#![ \t]*([^ \t]+)(?:[ \t]+(.*?))?[ \t]*$/)
  if (!script || depth === 0) return [file]
  const [, interpreter = '', argument = ''] = script
  const below = programs(checked(interpreter, file), depth - 1)
  if (path.basename(interpreter) !== 'env') return below
  const named = namedByEnv(argument, file)
  return named ? [...below, ...programs(named, depth - 1)] : below
}

function firstLine(file: string): string {
  const buffer = Buffer.alloc(lineBytes)
  const descriptor = openToRead(file)
  try {
    const bytes = readSync(descriptor, buffer, 0, buffer.length, 0)
    return buffer.toString('utf8', 0, bytes).split('\n', 1)[0] ?? ''
  } finally {
    closeSync(descriptor)
  }
}

/** A file that may be executed but not read is refused: it could be static, or have another malloc, and run unserved. */
function openToRead(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (error) {
    const reason = reasonOf(numberOf(error))
    throw notExecutable(
      `${file} cannot be read, to see whether superslab would serve it: ${reason}`,
    )
  }
}

/** For a missing interpreter the kernel gives the same error as for a missing script. */
function checked(interpreter: string, script: string): string {
  try {
    return findCommand(interpreter.includes('/') ? interpreter : `./${interpreter}`)
  } catch (error) {
    if (!(error instanceof SuperslabError)) throw error
    throw notExecutable(`${script} has a bad interpreter: ${error.message}`)
  }
}

/** The options of env(1) that take the next word as their value. */
const withValue = /^(-[uC]|--unset|--chdir)$/
/** env -i, and env -u LD_PRELOAD. */
const clearing = /^(-|-[a-zA-Z]*i[a-zA-Z]*|--ignore-environment|-uLD_PRELOAD|--unset=LD_PRELOAD)$/

/** The program that env(1) would run. It is given one word, which it splits only with `-S`. */
function namedByEnv(argument: string, script: string): string | undefined {
  const split = argument.match(/^(?:-[a-zA-RT-Z]*S|--split-string(?:=|[ \t]+))[ \t]*(.*)$/)
  if (split && /^-[a-zA-RT-Z]*i/.test(argument)) throw clears(script)
  // Only env reads quotes, escapes and variables.
  if (split && /["'\\$#]/.test(split[1] ?? '')) return undefined
  const words = (split ? (split[1] ?? '') : argument).split(/[ \t]+/).filter(Boolean)
  let searchPath: string | undefined
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    const value = withValue.test(word) ? words[++i] : undefined
    if (clearing.test(word) || value === 'LD_PRELOAD') throw clears(script)
    if (word.startsWith('PATH=')) searchPath = word.slice('PATH='.length)
    else if (!word.startsWith('-') && !word.includes('=')) return findCommand(word, searchPath)
  }
  return undefined
}

function clears(script: string): SuperslabError {
  const message = `${script} makes env remove LD_PRELOAD: nothing would be preloaded`
  return new SuperslabError('ERR_SUPERSLAB_PRELOAD_FAILED', message)
}
