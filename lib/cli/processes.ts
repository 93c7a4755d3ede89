import { readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { printable, readInTime } from '../publication'

/** 0 if the process has ended meanwhile. */
export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return 1024 * Number(status.match(/^VmRSS:\s+(\d+) kB/m)?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** The words of the command line; none if the process has ended, or does not let itself be read. */
export function wordsOf(pid: number, limitMs?: number): string[] {
  return (readInTime(`/proc/${pid}/cmdline`, limitMs) ?? '').split('\0').filter(Boolean)
}

export function commandOf(pid: number, limitMs?: number): string {
  return shortCommand(wordsOf(pid, limitMs))
}

/** A command as people name it: the program and its script without their folders, other words as they are. */
export function shortCommand([program = '', ...args]: readonly string[]): string {
  const script = args.findIndex((word) => !word.startsWith('-'))
  const shown = args.map((word, i) => (i === script && word.startsWith('/') ? base(word) : word))
  const name = program.startsWith('/') ? path.basename(program) : program
  return printable([name, ...shown].join(' '))
}

/** The file, with the package that it belongs to: most scripts are named index.js or cli.js. */
function base(file: string): string {
  const inPackage = file.match(/\/node_modules\/(?!\.bin\/)((?:@[^/]+\/)?[^/]+)\/.*?([^/]+)$/)
  return inPackage ? `${inPackage[1]}/${inPackage[2]}` : path.basename(file)
}

export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, Math.max(0, length - 1))}…` : text
}

/** By its file; a process that shows only its title has none. */
export function isNode(pid: number): boolean {
  try {
    return /^node(js)?( \(deleted\))?$/.test(path.basename(readlinkSync(`/proc/${pid}/exe`)))
  } catch {
    return false
  }
}

/** The process and its parents, from the nearest on. */
export function ancestors(pid: number): number[] {
  const found: number[] = []
  for (let one = pid; one > 0 && !found.includes(one); one = parentOf(one)) found.push(one)
  return found
}

function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^PPid:\s+(\d+)/m)?.[1] ?? 0)
  } catch {
    return 0
  }
}
