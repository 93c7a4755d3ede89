import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import path from 'node:path'
import { addon } from '../../addon'
import { type ErrorCode, SuperslabError } from '../../errors'
import { type Elf, isGlibcLoader, readElf } from './elf'
import { isGlibc } from './preload-name'
import { programs } from './script'
import { notExecutable } from './system-error'

/** `e_machine` by process.arch. */
const machines: Partial<Record<string, number>> = { x64: 62, arm64: 183 }

/**
 * Throws, with the reason, if the library would not serve the program in `file`. Without the error the user would not
 * notice that the program runs unserved.
 */
export function refuseUnservable(file: string, library: string, preload: string): void {
  if (process.platform !== 'linux') return
  for (const program of programs(file)) {
    const elf = readElf(program)
    if (elf) checkProgram(program, elf, library, preload)
  }
}

function checkProgram(file: string, elf: Elf, library: string, preload: string): void {
  const refuse = (code: ErrorCode, why: string) => {
    throw new SuperslabError(code, `${file} ${why}`)
  }
  if (elf.bits !== 64 || elf.machine !== machines[process.arch])
    refuse('ERR_SUPERSLAB_OTHER_ARCHITECTURE', `is not for ${process.arch}`)
  if (!elf.interpreter)
    refuse('ERR_SUPERSLAB_STATIC_BINARY', 'is linked statically: nothing can be preloaded into it')
  else if (isGlibcLoader(elf.interpreter) !== isGlibc())
    refuse('ERR_SUPERSLAB_OTHER_LIBC', `is for another C library than node: ${elf.interpreter}`)
  else if (runsSecurely(file))
    refuse('ERR_SUPERSLAB_SECURE_MODE', `${runsSecurely(file)}: the loader preloads nothing then`)
  else if (elf.defines('malloc')) refuse('ERR_SUPERSLAB_OTHER_ALLOCATOR', 'has a malloc of its own')
  else checkLoading(file, elf.interpreter, library, preload)
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
function checkLoading(file: string, loader: string, library: string, preload: string): void {
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
  const other = loaded.slice(0, place).find((name) => readElf(name)?.defines('malloc'))
  if (other) {
    const message = `LD_PRELOAD has another allocator, ${other}; take it out`
    throw new SuperslabError('ERR_SUPERSLAB_OTHER_ALLOCATOR', message)
  }
}
