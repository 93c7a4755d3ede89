/** Every code that superslab throws, with its meaning. A test compares the documents with this list. */
export const codes = {
  ERR_INVALID_ARG_TYPE: 'An argument has the wrong type (a TypeError)',
  ERR_OUT_OF_RANGE: 'An argument has the right type and an impossible value (a RangeError)',
  ERR_SUPERSLAB_OUT_OF_MEMORY: 'The system refused memory; nothing was allocated or lost',
  ERR_SUPERSLAB_DOUBLE_FREE: 'The block was freed before',
  ERR_SUPERSLAB_INSIDE_BLOCK: 'The address lies inside a block, it is not the start of one',
  ERR_SUPERSLAB_UNKNOWN_POINTER: 'No block of superslab is at this address',
  ERR_SUPERSLAB_CORRUPTED_HEADER:
    'The byte before the block is not a header: something wrote there',
  ERR_SUPERSLAB_WRONG_CLASS: "The byte before the block is another class's header",
  ERR_SUPERSLAB_SIZE_MISMATCH: 'A sized free with a size the block cannot have',
  ERR_SUPERSLAB_OVERFLOW: 'Bytes behind the block were written',
  ERR_SUPERSLAB_UNDERFLOW: 'Bytes before the block were written or read',
  ERR_SUPERSLAB_USE_AFTER_FREE: 'The block was written or read after it was freed',
  ERR_SUPERSLAB_WRONG_FREE:
    'Memory of new freed by free, of malloc by delete, or of new[] by delete',
  ERR_SUPERSLAB_NOT_A_BLOCK: 'The view is not what alloc returned: a subarray, or made by hand',
  ERR_SUPERSLAB_HEAP_FULL: 'The window is full: see `size`, `limit` and `live` (a RangeError)',
  ERR_SUPERSLAB_LOAD_FAILED: 'The native addon could not be loaded',
  ERR_SUPERSLAB_INCOMPATIBLE_COPY: 'Another version of superslab already serves this process',
  ERR_SUPERSLAB_COMMAND_NOT_FOUND: 'run: there is no such command',
  ERR_SUPERSLAB_NOT_EXECUTABLE: 'run: the command exists but cannot be executed',
  ERR_SUPERSLAB_STATIC_BINARY: 'run: nothing can be preloaded into a static program',
  ERR_SUPERSLAB_OTHER_LIBC: 'run: a script and its interpreter are for different C libraries',
  ERR_SUPERSLAB_OTHER_ARCHITECTURE: 'run: the program is for another processor',
  ERR_SUPERSLAB_SECURE_MODE: 'run: the program runs with other rights, so nothing is preloaded',
  ERR_SUPERSLAB_OTHER_ALLOCATOR: 'run: the program or LD_PRELOAD has another malloc',
  ERR_SUPERSLAB_PRELOAD_FAILED: 'The preload library is missing or cannot be loaded',
  ERR_SUPERSLAB_NOT_SERVED:
    'SUPERSLAB_CHILDREN has `require`, and superslab does not serve the process',
  ERR_SUPERSLAB_BENCH_FAILED: 'A benchmark could not be run, or its result is void',
  ERR_SUPERSLAB_NOT_A_RECORDING: 'The file is not a recording, or has an unknown version',
  ERR_SUPERSLAB_RECORDING_DAMAGED: 'The recording breaks off in the middle or contradicts itself',
  ERR_SUPERSLAB_NOT_A_PROFILE: 'The file is not a profile, or has an unknown version',
  ERR_SUPERSLAB_PROFILE_DAMAGED: 'The profile breaks off in the middle or contradicts itself',
  ERR_SUPERSLAB_PROFILE_FAILED: 'A profile could not be made, or not of that process',
  ERR_SUPERSLAB_DOCTOR_FAILED: 'The doctor could not run the command, or not as it was asked to',
} as const

export type ErrorCode = keyof typeof codes

/** Every error but those for wrong arguments. `code` is stable, `message` is for people. */
export class SuperslabError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SuperslabError'
    this.code = code
  }
}

/** In the order of the C API's `superslab_error`, from 1 on. */
const misuses: readonly ErrorCode[] = [
  'ERR_SUPERSLAB_DOUBLE_FREE',
  'ERR_SUPERSLAB_INSIDE_BLOCK',
  'ERR_SUPERSLAB_UNKNOWN_POINTER',
  'ERR_SUPERSLAB_CORRUPTED_HEADER',
  'ERR_SUPERSLAB_WRONG_CLASS',
  'ERR_SUPERSLAB_SIZE_MISMATCH',
  'ERR_SUPERSLAB_OVERFLOW',
  'ERR_SUPERSLAB_UNDERFLOW',
  'ERR_SUPERSLAB_USE_AFTER_FREE',
  'ERR_SUPERSLAB_WRONG_FREE',
]

export function misuse(error: number, address: number): SuperslabError {
  return misuseOf(`0x${address.toString(16)}`, codeOf(error))
}

export function codeOf(error: number): ErrorCode {
  return misuses[error - 1] ?? 'ERR_SUPERSLAB_UNKNOWN_POINTER'
}

export function misuseOf(what: string, code: ErrorCode): SuperslabError {
  return new SuperslabError(code, `${what}: ${codes[code]}`)
}

/** A request that the window has no room for. */
export class HeapFullError extends RangeError {
  readonly code = 'ERR_SUPERSLAB_HEAP_FULL'
  /** Bytes of the request. */
  readonly size: number
  /** Bytes that the window may grow to. */
  readonly limit: number
  /** Bytes in live blocks. */
  readonly live: number

  constructor(size: number, limit: number, live: number, advice = '') {
    super(`No room for ${size} bytes: ${live} of at most ${limit} are in live blocks${advice}`)
    this.name = 'HeapFullError'
    this.size = size
    this.limit = limit
    this.live = live
  }
}

export function argumentType(name: string, expected: string): TypeError {
  const error = new TypeError(`The "${name}" argument must be ${expected}`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' as const })
}

export function argumentRange(name: string, expected: string): RangeError {
  const error = new RangeError(`The "${name}" argument must be ${expected}`)
  return Object.assign(error, { code: 'ERR_OUT_OF_RANGE' as const })
}

/** A caller's value in a message. The value's own conversions are not called, since they may throw. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'object'
    ? 'An object'
    : typeof value === 'function'
      ? 'A function'
      : String(value)
}

/** Throws unless `options` is an object with known names: a misspelt option would be ignored silently. */
export function checkOptions(name: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw argumentType(name, `an object with ${listOf(known)}`)
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw argumentRange(name, `an object with ${listOf(known)}; "${key}" is none of them`)
}

/** Throws for an option that is given and neither true nor false. */
export function checkFlag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw argumentType(name, 'true or false')
}

function listOf(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

/** One error for several: the first is its `cause` and gives its code, all of them are its `errors`. */
export function several(message: string, errors: readonly unknown[]): AggregateError {
  const [cause] = errors
  const error = new AggregateError(errors, message, { cause })
  const code = (cause as { code?: unknown } | null | undefined)?.code
  return code === undefined ? error : Object.assign(error, { code })
}

export function outOfMemory(request: string): SuperslabError {
  const code = 'ERR_SUPERSLAB_OUT_OF_MEMORY'
  return new SuperslabError(code, `${request}: ${codes[code]}`)
}
