/**
 * - `javascript`: a function of a script, Node's own scripts included
 * - `engine`: a builtin, a handler of bytecodes or a stub of the engine
 * - `native`: machine code of a file
 * - `unknown`: code of the engine without its map, or an address in no file
 */
export type FrameKind = 'javascript' | 'engine' | 'native' | 'unknown'

/** One function of a stack. The same object stands for the same function everywhere. */
export interface Frame {
  kind: FrameKind
  name: string
  /** As the program has it, where `name` is made readable. */
  systemName: string
  /** Source of a script, as a path or as `node:…`; source of native code, where it is known. */
  file: string
  /** From 1; 0 if it is not known. Of a script's function, where it begins; of machine code, the line of the call. */
  line: number
  column: number
  /** The file that has the machine code; empty for compiled JavaScript. */
  library: string
  /** Name in node_modules, `node` for Node's own code, or empty. */
  package: string
}

const inModules = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/

/** The package that a file belongs to by its path; the innermost folder node_modules counts. */
export function packageOf(file: string): string {
  if (file.startsWith('node:')) return 'node'
  const name = file.match(inModules)?.[1]?.replaceAll('\\', '/') ?? ''
  // pnpm has node_modules/.pnpm/name@version/node_modules/name.
  return name.startsWith('.') ? '' : name
}

/** `name (file:line)`, as text. */
export function frameText({ name, file, line, library }: Frame): string {
  if (file !== '') return `${name} (${file}${line > 0 ? `:${line}` : ''})`
  return library === '' ? name : `${name} (${library.slice(library.lastIndexOf('/') + 1)})`
}
