import type * as index from './index'

/*
 * What require('superslab') returns: the exports of index.ts, each of which evaluates its module when it is first read.
 * The window's module loads node:worker_threads, which takes longer than all the rest. The build puts this module in
 * the place of index.js, whose declarations are those of index.ts.
 */

// The addon is loaded at once: a failure to load it is thrown by require, not by the first use of an export.
import './addon'
import './window/early'

if (process.env.SUPERSLAB_CHILDREN?.includes('require')) require('./required')

const buffers = () => require('./buffers') as typeof import('./buffers')
const control = () => require('./control') as typeof import('./control')
const errors = () => require('./errors') as typeof import('./errors')
const watching = () => require('./watch') as typeof import('./watch')

const readers: { [Name in keyof typeof index]: () => (typeof index)[Name] } = {
  address: () => buffers().address,
  alloc: () => buffers().alloc,
  allocZeroed: () => buffers().allocZeroed,
  asBuffer: () => buffers().asBuffer,
  free: () => buffers().free,
  pin: () => buffers().pin,
  realloc: () => buffers().realloc,
  toOwned: () => buffers().toOwned,
  usableSize: () => buffers().usableSize,
  active: () => control().active,
  info: () => control().info,
  prewarm: () => control().prewarm,
  stats: () => control().stats,
  trim: () => control().trim,
  codes: () => errors().codes,
  HeapFullError: () => errors().HeapFullError,
  SuperslabError: () => errors().SuperslabError,
  inspect: () => (require('./inspect') as typeof import('./inspect')).inspect,
  native: () => require('./memory') as typeof import('./memory'),
  onPressure: () => (require('./pressure') as typeof import('./pressure')).onPressure,
  Pool: () => (require('./pool') as typeof import('./pool')).Pool,
  Scope: () => (require('./scope') as typeof import('./scope')).Scope,
  version: () => (require('./version') as typeof import('./version')).version,
  leaks: () => watching().leaks,
  watch: () => watching().watch,
}

for (const [name, read] of Object.entries(readers)) {
  const get = () => {
    const value = read()
    Object.defineProperty(exports, name, { value, configurable: false })
    return value
  }
  Object.defineProperty(exports, name, { get, enumerable: true, configurable: true })
}
