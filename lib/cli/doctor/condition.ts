import { type Level, levelName } from '../../preload'
import { installedLibrary, peerNames } from '../bench/allocators'
import { preloadName } from '../run/preload-name'

/** A malloc, and its settings, for the command to run under. */
export interface Condition {
  name: string
  /** Added to the caller's environment; undefined takes a variable away. */
  environment: Record<string, string | undefined>
  /** The library that is preloaded. The trial is void if no process of the command has mapped it. */
  library?: string
}

/** The word root= names the process that becomes the command, as `superslab run` does. */
const children = 'SUPERSLAB_CHILDREN="$SUPERSLAB_CHILDREN,root=$$"'
const preloading = `export LD_PRELOAD="$0" ${children}; exec "$@"`
const plain = 'exec "$@"'

/** The command under a condition: a shell sets the environment and becomes it, so only the command is preloaded to. */
export function conditioned(command: readonly string[], { library }: Condition): string[] {
  const [script, name] = library ? [preloading, preloadName(library)] : [plain, 'sh']
  return ['/bin/sh', '-c', script, name, ...command]
}

export const baseName = 'system'
export const superslabName = 'superslab'
/** The advice most often given for glibc. */
export const arenasName = 'system-2-arenas'

const clean = { LD_PRELOAD: undefined, MALLOC_ARENA_MAX: undefined }

/** As people set jemalloc for servers: a thread of its own gives memory back, a second after it was freed. */
export const tunedName = 'jemalloc-tuned'
const tuned = {
  MALLOC_CONF: 'background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0',
}

/**
 * The system's malloc as it is and with two arenas, superslab, which serves the `children` that `superslab run` would,
 * and those peers that are installed.
 */
export function conditions(
  superslabLibrary: string,
  children: string,
  find = installedLibrary,
): Condition[] {
  const peers = peerNames.flatMap((name) => {
    const library = find(name)
    if (!library) return []
    const plain = preloaded(name, library)
    return name === 'jemalloc' ? [plain, preloaded(tunedName, library, tuned)] : [plain]
  })
  return [
    { name: baseName, environment: clean },
    { name: arenasName, environment: { ...clean, MALLOC_ARENA_MAX: '2' } },
    preloaded(superslabName, superslabLibrary, { SUPERSLAB_CHILDREN: children }),
    ...peers,
  ]
}

/** superslab's library with checks: what it costs and finds, beside the others; never the advice for memory. */
export function hardenedCondition(level: Level, library: string, children: string): Condition {
  return preloaded(levelName(level), library, { SUPERSLAB_CHILDREN: children })
}

export function isHardened(name: string): boolean {
  return name === levelName(1) || name === levelName(2)
}

function preloaded(name: string, library: string, more: Record<string, string> = {}): Condition {
  return { name, library, environment: { ...clean, ...more } }
}
