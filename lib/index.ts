/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

// A failure to load the addon is the caller's of require, not of what is used first.
import './addon'
import './window/early'

export type { HeapStats, Info } from './addon'
export {
  address,
  alloc,
  allocZeroed,
  asBuffer,
  free,
  type Pin,
  pin,
  realloc,
  toOwned,
  usableSize,
} from './buffers'
export { active, info, prewarm, type Stats, stats, trim } from './control'
export { codes, type ErrorCode, HeapFullError, SuperslabError } from './errors'
export { type AddressKind, type Inspection, inspect } from './inspect'
export * as native from './memory'
export { Pool, type PoolOptions } from './pool'
export { onPressure, type Pressure, type PressureOptions } from './pressure'
export { Scope } from './scope'
export { version } from './version'
export { type Leak, leaks, type WatchOptions, watch } from './watch'
