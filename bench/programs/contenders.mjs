// The allocators of the table, each as people set it up.
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import allocators from '../../dist/cli/bench/allocators.js'
import preload from '../../dist/preload.js'

const tuned = 'background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0'

/** The variables of each allocator; those that are not installed are left out, with the reason printed. */
export function contenders(mimalloc) {
  const jemalloc = allocators.installedLibrary('jemalloc')
  const mimalloc3 = mimalloc ? path.resolve(mimalloc) : installedMimalloc3()
  if (!jemalloc) console.error('left out: jemalloc is not installed')
  if (!mimalloc3) console.error('left out: mimalloc 3 is not installed; give --mimalloc FILE')
  if (mimalloc3 && !existsSync(mimalloc3)) throw new Error(`${mimalloc3} does not exist`)
  return {
    glibc: {},
    'glibc, 2 arenas': { MALLOC_ARENA_MAX: '2' },
    ...(jemalloc && { jemalloc: { LD_PRELOAD: jemalloc, MALLOC_CONF: tuned } }),
    ...(mimalloc3 && { 'mimalloc 3': { LD_PRELOAD: mimalloc3 } }),
    superslab: { LD_PRELOAD: preload.preloadPath(), SUPERSLAB_CHILDREN: 'node' },
  }
}

/** mimalloc 3 has an entry that mimalloc 2 has not. */
function installedMimalloc3() {
  const file = allocators.installedLibrary('mimalloc')
  if (file && readFileSync(realpathSync(file)).includes('mi_theap_malloc')) return file
  return undefined
}
