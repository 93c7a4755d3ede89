import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** A field of a structure: the folder of the layer that writes it, and its type's name. */
interface Field {
  writer: string
  type: string
}

type Structures = Map<string, Map<string, Field>>

/** A store to a field: `structure` is undefined if the text does not tell it. */
export interface Store {
  place: string
  structure: string | undefined
  field: string
  writers: string[]
}

/** A comment before a field names its writer, if that is another layer than the one that declares the structure. */
const comments = /\/\*[\s\S]*?\*\//g
const writerOf = (comment: string) => /Written by the (\w+) layer alone/.exec(comment)?.[1]

/** The text without comments. Lines stay lines; what names a writer becomes a word. */
function bare(source: string): string {
  return source.replace(comments, (comment) => {
    const writer = writerOf(comment)
    const lines = comment.replace(/[^\n]/g, '')
    return writer === undefined ? lines : `${lines} writer_${writer} `
  })
}

/** Where the brace closes that is open at `from`. */
function closing(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++
    if (text[at] === '}' && --depth === 0) return at
  }
  return text.length
}

/** The type's name and the fields' names of a declaration. */
function declared(statement: string): { type: string; names: string[] } {
  const plain = statement
    .replace(/_Alignas\([^)]*\)|__attribute__\(\(.*?\)\)|writer_\w+/g, '')
    .replace(/_Atomic\s*\(([^)]*)\)/g, '$1')
    .replace(/\b(?:_Atomic|const|struct|enum|unsigned|volatile)\b|\*/g, ' ')
    .replace(/\[[^\]]*\]|:\s*\d+/g, '')
  const call = /\(\s*(\w+)\s*\)\s*\(/.exec(plain)
  if (call) return { type: '', names: [call[1] ?? ''] }
  const [first = '', ...rest] = plain.split(',')
  const words = first.trim().split(/\s+/)
  return { type: words[0] ?? '', names: [words.at(-1) ?? '', ...rest.map((name) => name.trim())] }
}

/** Adds the fields of a structure's body, and those of the structures in it. */
function addBody(all: Structures, name: string, body: string, layer: string): void {
  const fields = new Map<string, Field>()
  all.set(name, fields)
  let at = 0
  while (at < body.length) {
    const brace = body.indexOf('{', at)
    const end = body.indexOf(';', at)
    if (end === -1) return
    if (brace !== -1 && brace < end) {
      const close = closing(body, brace)
      const head = body.slice(at, brace)
      const inner = /struct\s+(\w+)\s*$/.exec(head)?.[1] ?? `${name}.${at}`
      const word = /writer_(\w+)/.exec(head)?.[1]
      const writer = word === undefined ? layer : layer.replace(/\w+$/, word)
      addBody(all, inner, body.slice(brace + 1, close), writer)
      at = body.indexOf(';', close) + 1
      const field = body.slice(close + 1, at - 1).replace(/\[.*/, '')
      fields.set(field.trim(), { writer, type: inner })
    } else {
      const { type, names } = declared(body.slice(at, end))
      for (const field of names) fields.set(field, { writer: layer, type })
      at = end + 1
    }
  }
}

function addStructures(all: Structures, text: string, layer: string): void {
  for (const match of text.matchAll(/^(?:typedef )?struct (\w+) \{/gm)) {
    const brace = match.index + match[0].length - 1
    addBody(all, match[1] ?? '', text.slice(brace + 1, closing(text, brace)), layer)
  }
}

/** Names for the one instance of a structure: `#define ss_heaps (&ss_heaps_state)`. */
function addInstances(all: Map<string, string>, text: string): void {
  const types = new Map(
    [...text.matchAll(/^extern (\w+) (\w+) /gm)].map(([, type = '', name = '']) => [name, type]),
  )
  for (const [, name = '', state = ''] of text.matchAll(/^#define (\w+) \(&(\w+)\)/gm))
    all.set(name, types.get(state) ?? '')
  for (const [name, type] of types) all.set(name, type)
}

const chain = String.raw`(\w+|\))((?:\[[^\]]*\])*(?:(?:->|\.)\w+(?:\[[^\]]*\])*)+)`
const stores = [
  new RegExp(String.raw`(?<![\w.>])${chain}\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)`, 'g'),
  new RegExp(String.raw`(?<![\w.>])${chain}\s*(?:\+\+|--)`, 'g'),
  new RegExp(String.raw`(?:\+\+|--)${chain}`, 'g'),
  new RegExp(
    String.raw`\batomic_(?:store|exchange|fetch_\w+?|compare_exchange_\w+?|init)(?:_explicit)?\(\s*&${chain}`,
    'g',
  ),
]

/** A declaration of a variable that is a structure, which is then the function's own, or points to one. */
interface Variable {
  at: number
  type: string
  own: boolean
}

/** The variables of a file by name, in the order of their declarations. */
function variables(text: string, all: Structures): Map<string, Variable[]> {
  const found = new Map<string, Variable[]>()
  for (const match of text.matchAll(/\b(\w+)(?: const)?(?=( \**| ?\*\) ?)(\w+)[\s,;)=[{])/g)) {
    const [, type = '', mark = '', name = ''] = match
    if (!all.has(type)) continue
    found.set(name, [
      ...(found.get(name) ?? []),
      { at: match.index, type, own: !mark.includes('*') },
    ])
  }
  return found
}

/** The stores of a file to fields that it does not hold in a variable of its own. */
function storesOf(
  file: string,
  text: string,
  all: Structures,
  instances: Map<string, string>,
): Store[] {
  const declarations = variables(text, all)
  return stores.flatMap((pattern) =>
    [...text.matchAll(pattern)].flatMap((match) => {
      const [, root = '', rest = ''] = match
      const known = declarations.get(root)?.findLast(({ at }) => at < match.index)
      if (known?.own && rest.startsWith('.')) return []
      const members = [...rest.replace(/\[[^\]]*\]/g, '').matchAll(/(?:->|\.)(\w+)/g)].map(
        ([, name = '']) => name,
      )
      let structure: string | undefined = known?.type ?? instances.get(root)
      let field: Field | undefined
      for (const name of members) {
        const holder: string | undefined = field === undefined ? structure : field.type
        structure = holder
        field = holder === undefined ? undefined : all.get(holder)?.get(name)
        if (field === undefined) break
      }
      const last = members.at(-1) ?? ''
      const named = [...all.values()].flatMap((fields) => fields.get(last)?.writer ?? [])
      const line = text.slice(0, match.index).split('\n').length
      return {
        place: `${file}:${line}`,
        structure: field === undefined ? undefined : structure,
        field: last,
        writers: field === undefined ? [...new Set(named)] : [field.writer],
      }
    }),
  )
}

/** The sources of folders below native/, without comments. */
const textsOf = (folders: string[]) =>
  folders.flatMap((folder) =>
    readdirSync(path.join('native', folder))
      .filter((name) => /\.[ch]$/.test(name))
      .map((name): [string, string] => [
        `${folder}/${name}`,
        bare(readFileSync(path.join('native', folder, name), 'utf8')),
      ]),
  )

/** All stores to fields in the sources of `folders`. `contracts` are folders whose headers declare more structures. */
export function fieldStores(folders: string[], contracts: string[]): Store[] {
  const texts = textsOf(folders)
  const all: Structures = new Map()
  const instances = new Map<string, string>()
  for (const [file, text] of [...texts, ...textsOf(contracts)]) {
    if (file.endsWith('.c')) continue
    addStructures(all, text, path.dirname(file))
    addInstances(instances, text)
  }
  return texts.flatMap(([file, text]) => {
    const here: Structures = new Map(all)
    if (file.endsWith('.c')) addStructures(here, text, path.dirname(file))
    return storesOf(file, text, here, instances)
  })
}
