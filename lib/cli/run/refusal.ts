import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import path from 'node:path'
import { addon } from '../../addon'
import { type ErrorCode, SuperslabError } from '../../errors'
import { type Libc, libcOf } from '../../libc'
import { type Elf, readElf } from './elf'
import { programs } from './script'
import { notExecutable } from './system-error'

/** `e_machine` by process.arch. */
const machines: Partial<Record<string, number>> = { x64: 62, arm64: 183 }

export interface Served {
  library: string
  /** The value of LD_PRELOAD. */
  preload: string
}

/**
 * Throws, with the reason, if the library would not serve the program in `file`. Without the error the user would not
 * notice that the program runs unserved.
 */
export function refuseUnservable(file: string, served: Served): void {
  if (process.platform !== 'linux') return
  for (const program of programs(file)) {
    const elf = readElf(program)
    if (elf) checkProgram(program, elf, served)
  }
}

/** The C library of the command's programs; undefined if none is linked dynamically. */
export function libcOfCommand(file: string): Libc | undefined {
  if (process.platform !== 'linux') return undefined
  let known: Libc | undefined
  for (const program of programs(file)) {
    const loader = readElf(program)?.interpreter
    if (loader === undefined) continue
    if (known !== undefined && known !== libcOf(loader)) throw otherLibc(file, program, loader)
    known = libcOf(loader)
  }
  return known
}

function otherLibc(file: string, program: string, loader: string): SuperslabError {
  const message = `${file} starts programs for two C libraries: ${program} needs ${loader}`
  return new SuperslabError('ERR_SUPERSLAB_OTHER_LIBC', message)
}

function checkProgram(file: string, elf: Elf, served: Served): void {
  const refuse = (code: ErrorCode, why: string) => {
    throw new SuperslabError(code, `${file} ${why}`)
  }
  if (elf.bits !== 64 || elf.machine !== machines[process.arch])
    refuse('ERR_SUPERSLAB_OTHER_ARCHITECTURE', `is not a program for ${process.arch}`)
  if (!elf.interpreter)
    refuse('ERR_SUPERSLAB_STATIC_BINARY', 'is linked statically: nothing can be preloaded into it')
  else if (runsSecurely(file))
    refuse('ERR_SUPERSLAB_SECURE_MODE', `${runsSecurely(file)}: the loader preloads nothing then`)
  else if (elf.defines('malloc')) refuse('ERR_SUPERSLAB_OTHER_ALLOCATOR', 'has a malloc of its own')
  else checkLoading(file, elf.interpreter, served)
}

/** The rights that a process gets by executing the file, if any: another user's or group's, or capabilities. */
function runsSecurely(file: string): string | undefined {
  const { mode, uid, gid } = statSync(file)
  if ((mode & 0o4000) !== 0 && uid !== process.getuid?.()) return 'runs as another user'
  if ((mode & 0o2010) === 0o2010 && gid !== process.getgid?.()) return 'runs as another group'
  // They give root no new rights.
  if (process.getuid?.() !== 0 && addon.hasCapabilities(file)) return 'has capabilities of its own'
  return undefined
}

/** Asks the program's own loader for the libraries that it would load, without running the program. */
function checkLoading(file: string, loader: string, { library, preload }: Served): void {
  const env = { ...process.env, LD_PRELOAD: preload }
  const asked = spawnSync(loader, ['--list', file], { env, encoding: 'utf8' })
  if (asked.error) throw notExecutable(`${file} has a bad interpreter: ${asked.error.message}`)
  const { stdout, stderr, status } = asked
  if (status !== 0 && stdout === '') return // a loader that cannot be asked; the kernel will say
  const loaded = stdout
    .split('\n')
    .map((line) => line.match(/^\s*(?:.* => )?(\/.*) \(0x[0-9a-f]+\)$/)?.[1])
    .filter((name) => name !== undefined)
    .map((name) => path.normalize(name))
  const place = loaded.indexOf(library)
  if (place < 0) {
    const reason = `${stderr}${stdout}`.match(/.*superslab.*/i)?.[0] ?? 'no reason given'
    const message = `${library} could not be loaded into ${file}: ${reason.trim()}`
    throw new SuperslabError('ERR_SUPERSLAB_PRELOAD_FAILED', message)
  }
  // musl's loader is its C library, and names itself first.
  const before = loaded.slice(0, place).filter((name) => name !== path.normalize(loader))
  const other = before.find((name) => readElf(name)?.defines('malloc'))
  if (other) {
    const message = `LD_PRELOAD names another allocator, ${other}; remove it from there`
    throw new SuperslabError('ERR_SUPERSLAB_OTHER_ALLOCATOR', message)
  }
}
