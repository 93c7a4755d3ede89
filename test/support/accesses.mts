import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** A field of a structure: the layers that declare it and that write it, by their folders, and its type's name. */
interface Field {
  layer: string
  writer: string
  type: string
}

type Structures = Map<string, Map<string, Field>>

/** An access to a field. `structure` is undefined if the text does not tell it: then the layers are those of all fields
 * of that name. A store to a field of a variable of the function's own counts as a read. */
export interface Access {
  place: string
  structure: string | undefined
  field: string
  layers: Set<string>
  writers: Set<string>
  stores: boolean
}

/** A comment before a field names its writer, if that is another layer than the one that declares the structure. */
const comments = /\/\*[\s\S]*?\*\//g
const writerOf = (comment: string) => /Written by the (\w+) layer alone/.exec(comment)?.[1]

/** The text without comments, and with empty strings. Lines stay lines; what names a writer becomes a word. */
function bare(source: string): string {
  return source
    .replace(comments, (comment) => {
      const writer = writerOf(comment)
      const lines = comment.replace(/[^\n]/g, '')
      return writer === undefined ? lines : `${lines} writer_${writer} `
    })
    .replace(/^#include.*$/gm, '')
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
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
function addBody(all: Structures, name: string, body: string, layer: string, writer: string): void {
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
      const its = word === undefined ? writer : layer.replace(/\w+$/, word)
      addBody(all, inner, body.slice(brace + 1, close), layer, its)
      at = body.indexOf(';', close) + 1
      const field = body.slice(close + 1, at - 1).replace(/\[.*/, '')
      fields.set(field.trim(), { layer, writer: its, type: inner })
    } else {
      const { type, names } = declared(body.slice(at, end))
      for (const field of names) fields.set(field, { layer, writer, type })
      at = end + 1
    }
  }
}

function addStructures(all: Structures, text: string, layer: string): void {
  for (const match of text.matchAll(/^(?:typedef )?struct (\w+) \{/gm)) {
    const brace = match.index + match[0].length - 1
    const body = text.slice(brace + 1, closing(text, brace))
    addBody(all, match[1] ?? '', body, layer, layer)
  }
}

/** Names for the one instance of a structure: `#define ss_heaps (&ss_heaps_state)`. */
function addInstances(all: Map<string, string>, text: string): void {
  const types = new Map(
    [...text.matchAll(/^extern (?:_Thread_local )?(\w+) (\w+) /gm)].map(
      ([, type = '', name = '']) => [name, type],
    ),
  )
  for (const [, name = '', state = ''] of text.matchAll(/^#define (\w+) \(&(\w+)\)/gm))
    all.set(name, types.get(state) ?? '')
  for (const [name, type] of types) all.set(name, type)
}

/** The types that functions return a structure of, or a pointer to one, by name. */
function addFunctions(all: Map<string, string>, text: string): void {
  for (const [, type = '', name = ''] of text.matchAll(
    /^(?:[A-Z_]+ |static |inline |extern |const |struct )*(\w+) \**(\w+)\(/gm,
  ))
    all.set(name, type)
}

/** A chain of fields behind a variable, a call or an expression in parentheses: `heap->bin[bin].slots`. */
const chain = /((?<![\w.>])\w+|\)|\])((?:\[[^\]]*\])*(?:(?:->|\.)\w+(?:\[[^\]]*\])*)+)/g
const storesAfter = /^\s*(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)/
const storesBefore =
  /(?:\+\+|--|\batomic_(?:store|exchange|fetch_\w+?|compare_exchange_\w+?|init)(?:_explicit)?\(\s*&)$/

/** A declaration of a variable that is a structure, which is then the function's own, or points to one. */
interface Variable {
  at: number
  type: string
  own: boolean
}

/** The further names of a declaration whose first name ends at `at`: `ss_slab *next = a, *prev = b;` */
function* furtherNames(text: string, at: number): Generator<{ name: string; own: boolean }> {
  for (let depth = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if ('([{'.includes(char)) depth++
    if (')]}'.includes(char) && --depth < 0) return
    if (depth === 0 && char === ';') return
    if (depth !== 0 || char !== ',') continue
    const next = /^,\s*(\**)(\w+)(?=\s*[,;=[])/.exec(text.slice(at, at + 80))
    if (next === null) return
    yield { name: next[2] ?? '', own: next[1] === '' }
  }
}

/** The variables of a file by name, in the order of their declarations. */
function variables(text: string, all: Structures): Map<string, Variable[]> {
  const found = new Map<string, Variable[]>()
  const add = (name: string, variable: Variable) =>
    found.set(name, [...(found.get(name) ?? []), variable])
  for (const match of text.matchAll(/\b(\w+)(?: const)?(?=( \**| ?\*\) ?)(\w+)[\s,;)=[{])/g)) {
    const [, type = '', mark = '', name = ''] = match
    if (!all.has(type)) continue
    add(name, { at: match.index, type, own: !mark.includes('*') })
    const end = match.index + match[0].length + mark.length + name.length
    for (const further of furtherNames(text, end))
      add(further.name, { at: match.index, type, own: further.own })
  }
  return found
}

/** Where the bracket opens that closes at `at`. */
function opening(text: string, at: number): number {
  for (let depth = 0; at >= 0; at--) {
    if (text[at] === ')' || text[at] === ']') depth++
    if ((text[at] === '(' || text[at] === '[') && --depth === 0) return at
  }
  return 0
}

/** What the types in a file's text are found by. */
interface Names {
  all: Structures
  instances: Map<string, string>
  functions: Map<string, string>
  declarations: Map<string, Variable[]>
}

const membersOf = (rest: string) =>
  [...rest.replace(/\[[^\]]*\]/g, '').matchAll(/(?:->|\.)(\w+)/g)].map(([, name = '']) => name)

/** The structure that the root of a chain is, or points to. */
function rootType(text: string, root: string, at: number, names: Names): string | undefined {
  if (root === ']') {
    const from = opening(text, at)
    const [, inner = ''] = /(\w+|\))$/.exec(text.slice(0, from)) ?? []
    return rootType(text, inner, from - inner.length, names)
  }
  if (root !== ')')
    return (
      names.declarations.get(root)?.findLast((one) => one.at < at)?.type ??
      names.instances.get(root)
    )
  const from = opening(text, at)
  const call = /(\w+)$/.exec(text.slice(0, from))?.[1]
  if (call !== undefined) return names.functions.get(call)
  const inner = text.slice(from + 1, at)
  const cast = /^\((?:const )?(?:struct )?(\w+) \*\)/.exec(inner)?.[1]
  if (cast !== undefined) return cast
  const [, first = '', rest = ''] =
    /^[*&(]*(\w+)((?:(?:->|\.|\[)[\w\].>-]+)*)\)?$/.exec(inner) ?? []
  let type = rootType(text, first, at, names)
  for (const name of membersOf(rest)) type = names.all.get(type ?? '')?.get(name)?.type
  return type
}

/** The chains of a text from `from` to `to`, and those in their indices. */
function* chainsOf(text: string, from: number, to: number): Generator<RegExpExecArray> {
  const part = text.slice(0, to)
  const pattern = new RegExp(chain)
  pattern.lastIndex = from
  for (let match = pattern.exec(part); match !== null; match = pattern.exec(part)) {
    yield match
    const start = match.index + (match[1] ?? '').length
    for (const index of (match[2] ?? '').matchAll(/\[([^\]]+)\]/g))
      yield* chainsOf(text, start + index.index + 1, start + index.index + index[0].length - 1)
  }
}

/** All accesses of a file to fields. Each step of a chain is one. */
function accessesOf(file: string, text: string, names: Names): Access[] {
  return [...chainsOf(text, 0, text.length)].flatMap((match) => {
    const [whole, root = '', rest = ''] = match
    const line = text.slice(0, match.index).split('\n').length
    const stores =
      storesAfter.test(text.slice(match.index + whole.length, match.index + whole.length + 40)) ||
      storesBefore.test(text.slice(Math.max(0, match.index - 60), match.index))
    const known = names.declarations.get(root)?.findLast(({ at }) => at < match.index)
    const own = known?.own === true && rest.replace(/\[[^\]]*\]/g, '').startsWith('.')
    const members = membersOf(rest)
    let structure = rootType(text, root, match.index, names)
    return members.map((name, step) => {
      const field = names.all.get(structure ?? '')?.get(name)
      const named = [...names.all.values()].flatMap((fields) => fields.get(name) ?? [])
      const access = {
        place: `${file}:${line}`,
        structure: field === undefined ? undefined : structure,
        field: name,
        layers: new Set((field === undefined ? named : [field]).map((one) => one.layer)),
        writers: new Set((field === undefined ? named : [field]).map((one) => one.writer)),
        stores: stores && step === members.length - 1 && !own,
      }
      structure = field?.type
      return access
    })
  })
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

/** All accesses to fields in the sources of `folders`. `contracts` are folders whose headers declare more structures. */
export function fieldAccesses(folders: string[], contracts: string[]): Access[] {
  const texts = textsOf(folders)
  const all: Structures = new Map()
  const instances = new Map<string, string>()
  const functions = new Map<string, string>()
  for (const [file, text] of [...texts, ...textsOf(contracts)]) {
    if (file.endsWith('.c')) continue
    addStructures(all, text, path.dirname(file))
    addInstances(instances, text)
    addFunctions(functions, text)
  }
  return texts.flatMap(([file, text]) => {
    const names = { all: new Map(all), instances, functions: new Map(functions) }
    if (file.endsWith('.c')) {
      addStructures(names.all, text, path.dirname(file))
      addFunctions(names.functions, text)
    }
    return accessesOf(file, text, { ...names, declarations: variables(text, names.all) })
  })
}
