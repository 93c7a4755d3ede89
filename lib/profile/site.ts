import path from 'node:path'
import { packageRoot } from '../paths'
import type { Frame } from './frame'
import type { Stack } from './profile'

/** Whose memory a stack's is. */
export interface Site {
  frame: Frame
  /** The innermost function of the program's own scripts or packages that led there; undefined if there is none. */
  caller: Frame | undefined
  package: string
  /** File name of the library that allocated, if it was neither the program nor the system's. */
  addon: string
}

const noFrame: Frame = {
  ...{ kind: 'unknown', name: '(no stack)', systemName: '(no stack)' },
  ...{ file: '', line: 0, column: 0, library: '', package: '' },
}

/** Libraries that allocate for others. */
const ofSystem =
  /^(ld-|lib(c|m|dl|rt|pthread|util|resolv|stdc\+\+|gcc_s|c\+\+|c\+\+abi|uv|superslab)\b)/

/**
 * The innermost frame that is no part of Node, its engine or the system: the code there decided to allocate. A stack
 * without one is of the innermost script of Node, or of the innermost function.
 */
export function siteOf({ frames }: Stack, program: string): Site {
  const isNode = path.basename(program) === 'node'
  const isOwn = (frame: Frame) =>
    frame.kind === 'javascript' ? !isAllocator(frame) : isOwnLibrary(frame, program, isNode)
  const frame =
    frames.find(isOwn) ??
    frames.find(({ kind }) => kind === 'javascript') ??
    frames.find(({ name }) => name === 'JavaScript') ??
    frames.find(({ kind }) => kind === 'native') ??
    frames[0] ??
    noFrame
  const caller = frames.find((one) => one.kind === 'javascript' && isOwn(one))
  const isLibrary = frame.library !== '' && frame.library !== program && isOwn(frame)
  const isEngine = frame.package === '' && isNode && !isOwn(frame)
  return {
    frame,
    caller,
    package: frame.package || (isEngine ? 'node' : '(the program)'),
    addon: isLibrary ? path.basename(frame.library) : '',
  }
}

function isOwnLibrary({ kind, library }: Frame, program: string, isNode: boolean): boolean {
  if (kind !== 'native') return false
  if (library === program) return !isNode
  return !ofSystem.test(path.basename(library))
}

/** Node's scripts, and those of superslab that make Buffers. */
function isAllocator(frame: Frame): boolean {
  const isSuperslab =
    frame.package === 'superslab' || frame.file.startsWith(path.join(packageRoot, 'dist/'))
  return frame.package === 'node' || isSuperslab
}
