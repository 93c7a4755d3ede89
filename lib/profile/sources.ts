import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** A function's place in what its author wrote; lines and columns from 1. */
export interface Place {
  file: string
  line: number
  column: number
  /** Name there, if the map has one. */
  name: string
}

/** The scripts of a profile, read when a frame needs them. Files that cannot be read are as if they had no map. */
export class Sources {
  private readonly maps = new Map<string, SourceMap | undefined>()
  private readonly texts = new Map<string, string[] | undefined>()

  /** `root` is put before paths: that of another process's file system. */
  constructor(private readonly root = '') {}

  /** The place by the script's source map; undefined if it has none, or none for this place. */
  original(file: string, line: number, column: number, name: string): Place | undefined {
    const map = this.mapOf(file)
    if (!map) return undefined
    const entry = map.findEntry(line - 1, column - 1)
    if (!('originalSource' in entry) || entry.originalSource === undefined) return undefined
    return {
      file: sourcePath(entry.originalSource, file),
      line: entry.originalLine + 1,
      column: entry.originalColumn + 1,
      name: this.nameBefore(map, line - 1, column - 1, name),
    }
  }

  /** For a function without a name: what it is given to, as `callback of server.on`, or an empty text. */
  purpose(file: string, line: number, column: number): string {
    const before = this.lines(file)?.[line - 1]?.slice(0, column - 1)
    const call = before
      ?.replace(/(?:async\s*)?(?:function\s*\*?\s*)?$/, '')
      .match(/((?:[\w$#]+|\)|\])(?:\??\.[\w$#]+)*)\((?:[^()]*,\s*)?$/)?.[1]
    return call === undefined ? '' : `callback of ${call.replace(/^[)\]]\??\./, '')}`
  }

  /** The engine gives the place of a function's parameters; the name, if any, stands before them. */
  private nameBefore(map: SourceMap, line: number, column: number, name: string): string {
    if (name === '') return ''
    const start = column - name.length
    if (start < 0) return ''
    const entry = map.findEntry(line, start) as { generatedColumn?: number; name?: string }
    return entry.generatedColumn === start ? (entry.name ?? '') : ''
  }

  private lines(file: string): string[] | undefined {
    if (!this.texts.has(file)) this.texts.set(file, this.read(file)?.split('\n'))
    return this.texts.get(file)
  }

  private mapOf(file: string): SourceMap | undefined {
    if (!this.maps.has(file)) this.maps.set(file, this.readMap(file))
    return this.maps.get(file)
  }

  private readMap(file: string): SourceMap | undefined {
    const text = path.isAbsolute(file) ? this.lines(file)?.join('\n') : undefined
    const url = text && [...text.matchAll(/^\s*\/[/*][#@] sourceMappingURL=(\S+)/gm)].at(-1)?.[1]
    if (!url) return undefined
    try {
      const json = url.startsWith('data:') ? fromDataUrl(url) : this.read(besideFile(url, file))
      return json ? new SourceMap(payloadOf(json)) : undefined
    } catch {
      return undefined
    }
  }

  private read(file: string): string | undefined {
    if (!path.isAbsolute(file)) return undefined
    try {
      return readFileSync(`${this.root}${file}`, 'utf8')
    } catch {
      return undefined
    }
  }
}

/** Some servers want a line before the JSON. Node's class does not read `sourceRoot`. */
function payloadOf(json: string): SourceMapPayload {
  const payload = JSON.parse(json.replace(/^\)\]\}'[^\n]*\n/, '')) as SourceMapPayload
  const { sourceRoot, sources } = payload
  if (!sourceRoot || !sources) return payload
  const root = sourceRoot.replace(/\/?$/, '/')
  return { ...payload, sources: sources.map((source) => `${root}${source}`) }
}

function fromDataUrl(url: string): string {
  const comma = url.indexOf(',')
  const data = url.slice(comma + 1)
  return /;base64$/i.test(url.slice(0, comma))
    ? Buffer.from(data, 'base64').toString('utf8')
    : decodeURIComponent(data)
}

/** A map is read from the disk only, never from the network. */
function besideFile(url: string, file: string): string {
  return fileURLToPath(new URL(url, pathToFileURL(file)))
}

/** Sources are named relative to the script. Bundlers name them with a scheme of their own. */
function sourcePath(source: string, file: string): string {
  if (/^(?!file:)[a-z][a-z+.-]+:/i.test(source)) return source
  try {
    return fileURLToPath(new URL(source, pathToFileURL(file)))
  } catch {
    return source
  }
}
