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

/** SUPERSLAB_ROOT names the process that becomes the command, as `superslab run` does. */
const preloading = 'export LD_PRELOAD="$0" SUPERSLAB_ROOT=$$; exec "$@"'
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

/** The system's malloc as it is and with two arenas, superslab, and those peers that are installed. */
export function conditions(superslabLibrary: string): Condition[] {
  const peers = peerNames.flatMap((name) => {
    const library = installedLibrary(name)
    return library ? [preloaded(name, library)] : []
  })
  return [
    { name: baseName, environment: clean },
    { name: arenasName, environment: { ...clean, MALLOC_ARENA_MAX: '2' } },
    preloaded(superslabName, superslabLibrary),
    ...peers,
  ]
}

function preloaded(name: string, library: string): Condition {
  return { name, library, environment: clean }
}
