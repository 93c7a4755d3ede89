import { type Frame, packageOf } from './frame'
import { parseEngineName } from './js-name'
import type { PerfEntry, PerfMap } from './perf-map'
import { Sources } from './sources'

const plain = { file: '', line: 0, column: 0, library: '', package: '' }

/** Frames of compiled JavaScript and of the engine's builtins, by the engine's map. */
export class EngineFrames {
  /** Code without a name in the map. */
  readonly unnamed: Frame = {
    ...{ ...plain, kind: 'unknown', name: 'JavaScript', systemName: 'JavaScript' },
  }
  private readonly byName = new Map<string, Frame>()
  private readonly byEntry = new Map<PerfEntry, Frame>()
  private readonly sources: Sources

  constructor(
    private readonly map: PerfMap | undefined,
    root: string,
  ) {
    this.sources = new Sources(root)
  }

  at(address: number, position: number): Frame | undefined {
    const entry = this.map?.at(address, position)
    if (!entry) return undefined
    let frame = this.byEntry.get(entry)
    if (!frame) {
      frame = this.unique(this.frame(entry.name))
      this.byEntry.set(entry, frame)
    }
    return frame
  }

  /** A function is one frame, by whichever compiler its code was made. */
  private unique(frame: Frame): Frame {
    const key = JSON.stringify([frame.kind, frame.name, frame.file, frame.line, frame.column])
    const known = this.byName.get(key) ?? frame
    this.byName.set(key, known)
    return known
  }

  private frame(text: string): Frame {
    const { script, name } = parseEngineName(text)
    if (!script) return { ...plain, kind: 'engine', name, systemName: text }
    const { file, line, column } = script
    const original = this.sources.original(file, line, column, name)
    const place = original ?? script
    const known = original?.name || name
    return {
      ...plain,
      kind: 'javascript',
      name: known || this.nameless(place.file, place.line, place.column),
      systemName: name,
      ...{ file: place.file, line: place.line, column: place.column },
      package: packageOf(place.file),
    }
  }

  private nameless(file: string, line: number, column: number): string {
    if (line === 1 && column === 1) return '(module)'
    return this.sources.purpose(file, line, column) || '(anonymous)'
  }
}
