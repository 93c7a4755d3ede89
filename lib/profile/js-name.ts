import { fileURLToPath } from 'node:url'

/** What the engine's map says of a piece of code. */
export interface EngineName {
  /** Undefined for code that is of no script. */
  script: { file: string; line: number; column: number } | undefined
  /** Empty for a function without a name. */
  name: string
}

/** `JS:*name file:line:column`; the characters before the name say by which compiler the code was made. */
const ofScript = /^(?:JS|Script|Eval|Function|LazyCompile|Callback|Wasm):([~^*+=-]'?|o\*'?)?(.*)$/s
const place = /^(.*):(\d+):(\d+)$/s
/** Names of accessors and bound functions have blanks. */
const plainName = /^((?:(?:get|set|bound|async) )*[^ ]*) (.*)$/s
const fileStart = / (?=file:\/\/|node:|\/|evalmachine\.<|\[eval|[a-z][a-z+.-]*:\/\/)/

export function parseEngineName(text: string): EngineName {
  const [whole, , rest] = text.match(ofScript) ?? []
  if (whole === undefined || rest === undefined) return { script: undefined, name: text }
  const [, before, line, column] = rest.match(place) ?? []
  if (before === undefined) return { script: undefined, name: rest || '(anonymous)' }
  const [name, file] = split(before)
  return { name, script: { file: pathOf(file), line: Number(line), column: Number(column) } }
}

function split(text: string): [name: string, file: string] {
  const start = text.search(fileStart)
  if (start >= 0) return [text.slice(0, start), text.slice(start + 1)]
  const [, name = '', file = text] = text.match(plainName) ?? []
  return [name, file]
}

/** A path for a file URL; all else as it is. */
function pathOf(file: string): string {
  if (!file.startsWith('file://')) return file
  try {
    return fileURLToPath(file)
  } catch {
    return file
  }
}
