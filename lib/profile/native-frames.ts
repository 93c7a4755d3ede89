import path from 'node:path'
import { demangle } from './demangle'
import { type Frame, packageOf } from './frame'
import { isFile, type Mapping, Mappings } from './mapping'
import type { Library } from './profile'
import { Symbols } from './symbols'

/** Frames of machine code in files, by the files' symbols. */
export class NativeFrames {
  private readonly mappings: Mappings
  private readonly files = new Map<string, Symbols | undefined>()
  private readonly used = new Map<Mapping, Library>()
  private readonly frames = new Map<string, Frame>()

  constructor(
    mappings: readonly Mapping[],
    private readonly root: string,
  ) {
    this.mappings = new Mappings(mappings)
  }

  /** Undefined where the address lies in no file: there the engine has its code. */
  at(address: number): Frame | undefined {
    const mapping = this.mappings.at(address)
    // Its library was unloaded, or the address is none.
    if (!mapping) return this.plain(`0x${address.toString(16)}`)
    if (!isFile(mapping)) return mapping.path === '[vdso]' ? this.plain('[vdso]') : undefined
    const offset = address - mapping.start + mapping.offset
    const symbols = this.symbols(mapping)
    const { symbol, line } = symbols?.at(offset) ?? {}
    const place = `${path.basename(mapping.path)}+0x${offset.toString(16)}`
    const systemName = symbol?.name ?? place
    const key = JSON.stringify([mapping.path, systemName, symbol?.address, line?.line])
    let frame = this.frames.get(key)
    if (!frame) {
      frame = {
        kind: systemName.startsWith('Builtins_') ? 'engine' : 'native',
        name: symbol ? demangle(systemName) : place,
        systemName,
        file: line?.file ?? '',
        line: line?.line ?? 0,
        column: 0,
        library: mapping.path,
        package: packageOf(mapping.path),
      }
      this.frames.set(key, frame)
    }
    return frame
  }

  libraries(): Library[] {
    return [...this.used.values()]
  }

  /** The files without a symbol for their frames, with what identifies them. */
  notes(): string[] {
    const mute = new Map(
      this.libraries()
        .filter(({ hasSymbols }) => !hasSymbols)
        .map(({ path: file, buildId }) => [file, buildId]),
    )
    return [...mute].map(
      ([file, buildId]) =>
        `${file} has no symbols${buildId === '' ? '' : ` (build id ${buildId})`}: its functions are shown by their places in the file.`,
    )
  }

  isNode(program: string): boolean {
    return path.basename(program) === 'node'
  }

  private symbols(mapping: Mapping): Symbols | undefined {
    const file = mapping.path
    if (!this.files.has(file)) this.files.set(file, Symbols.of(file, this.root))
    const symbols = this.files.get(file)
    if (!this.used.has(mapping))
      this.used.set(mapping, {
        ...mapping,
        buildId: symbols?.buildId ?? '',
        hasSymbols: symbols?.hasAny ?? false,
      })
    return symbols
  }

  private plain(name: string): Frame {
    let frame = this.frames.get(name)
    if (!frame) {
      const rest = { file: '', line: 0, column: 0, library: '', package: '' }
      frame = { kind: 'unknown', name, systemName: name, ...rest }
      this.frames.set(name, frame)
    }
    return frame
  }
}
