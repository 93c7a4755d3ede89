import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { fieldAccesses } from './support/accesses.mjs'

/** The folders of the layers, from the table, the lowest first. */
const layers = [
  ...readFileSync('native/README.md', 'utf8').matchAll(/^\| `((?:core\/\w+|window))` \|/gm),
].map(([, folder = '']) => folder)

const files = layers.flatMap((folder) =>
  readdirSync(path.join('native', folder)).map((name) => `${folder}/${name}`),
)

const layerOf = (file: string) => layers.indexOf(path.dirname(file))

/** `heap/bins.h` as files include it is `core/heap/bins.h`. */
function includes(file: string): string[] {
  const names = [...readFileSync(path.join('native', file), 'utf8').matchAll(/^#include "(.+)"/gm)]
  return names.map(([, name = '']) => (name.startsWith('window/') ? name : `core/${name}`))
}

/** The compiled form of a source, in the build of the C tests: of the hardened core, which has sources of its own. */
const objectOf = (source: string) =>
  path.join('build/ctest/CMakeFiles/superslab-hardened2-core.dir/native', `${source}.o`)

/** The names that an object defines, and those that it uses of others. */
function symbols(source: string): { defined: string[]; used: string[] } {
  const lines = execFileSync('nm', [objectOf(source)], { encoding: 'utf8' }).split('\n')
  const words = lines.map((line) => line.trim().split(/\s+/))
  return {
    defined: words.filter((word) => word.length === 3).map(([, , name = '']) => name),
    used: words.filter((word) => word.length === 2 && word[0] === 'U').map(([, name = '']) => name),
  }
}

/** Which sources each source uses, and by which names. */
function uses(): Map<string, Map<string, string[]>> {
  const sources = files.filter((file) => file.endsWith('.c'))
  const all = new Map(sources.map((source) => [source, symbols(source)]))
  const home = new Map<string, string>()
  for (const [source, { defined }] of all) for (const name of defined) home.set(name, source)
  const result = new Map<string, Map<string, string[]>>()
  for (const [source, { used }] of all) {
    const others = new Map<string, string[]>()
    for (const name of used) {
      const other = home.get(name)
      if (other !== undefined && other !== source)
        others.set(other, [...(others.get(other) ?? []), name])
    }
    result.set(source, others)
  }
  return result
}

/** A way from a source back to itself, or undefined. */
function circle(all: Map<string, Map<string, string[]>>): string[] | undefined {
  const done = new Set<string>()
  const walk = (source: string, way: string[]): string[] | undefined => {
    if (way.includes(source)) return [...way.slice(way.indexOf(source)), source]
    if (done.has(source)) return undefined
    for (const other of all.get(source)?.keys() ?? []) {
      const found = walk(other, [...way, source])
      if (found !== undefined) return found
    }
    done.add(source)
    return undefined
  }
  for (const source of all.keys()) {
    const found = walk(source, [])
    if (found !== undefined) return found
  }
  return undefined
}

test('the table names every folder of the core, and native/window', (t) => {
  const folders = readdirSync('native/core', { withFileTypes: true })
  t.true(folders.every((entry) => entry.isDirectory()))
  const names = folders.map((entry) => `core/${entry.name}`)
  t.deepEqual(layers.toSorted(), [...names, 'window'].toSorted())
})

test('no file includes a header of a layer above its own', (t) => {
  for (const file of files)
    for (const name of includes(file).filter((header) => files.includes(header)))
      t.true(layerOf(name) <= layerOf(file), `${file} includes ${name}`)
})

test('no file calls a function, or uses data, of a layer above its own', (t) => {
  const all = uses()
  t.true([...all.values()].some((others) => others.size > 5))
  for (const [source, others] of all)
    for (const [other, names] of others)
      t.true(layerOf(other) <= layerOf(source), `${source} uses ${names.join(', ')} of ${other}`)
})

/** All accesses to fields of the layers' structures; the folders above the layers see them as layers do. */
const structured = [...layers, 'preload']
const accesses = fieldAccesses(structured, ['include', 'os']).filter((access) =>
  [...access.layers].some((layer) => structured.includes(layer)),
)

/** The structures that the README leaves open to higher layers: to be written, or to be read alone. */
function openStructures(): { written: string[]; read: string[] } {
  const text = readFileSync('native/README.md', 'utf8')
  const between = text.indexOf('These are only read from above')
  const names = (part: string) =>
    [...part.matchAll(/^- (`ss_\w+`.*?) of `\w+\/\w+\.h`/gm)].flatMap(([, one = '']) =>
      [...one.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    )
  return { written: names(text.slice(0, between)), read: names(text.slice(between)) }
}

test('no file writes to a field that belongs to another layer', (t) => {
  const { written } = openStructures()
  const stores = accesses.filter((access) => access.stores)
  t.true(stores.filter(({ structure }) => structure !== undefined).length > 500)
  const foreign = stores.filter(({ place, writers }) => !writers.has(path.dirname(place)))
  for (const { place, structure = '', field } of foreign)
    t.true(written.includes(structure), `${place} writes ${field} of ${structure}`)
  for (const name of written)
    t.true(
      foreign.some(({ structure }) => structure === name),
      `${name} needs no exception`,
    )
})

test('no file reads a field that belongs to another layer', (t) => {
  const { written, read } = openStructures()
  const known = accesses.filter(({ structure }) => structure !== undefined)
  t.true(known.length > 1500 && known.length > 0.99 * accesses.length)
  const foreign = accesses.filter(
    ({ place, layers: declaring, writers }) =>
      !declaring.has(path.dirname(place)) && !writers.has(path.dirname(place)),
  )
  for (const { place, structure = '', field } of foreign)
    t.true([...written, ...read].includes(structure), `${place} reads ${field} of ${structure}`)
  for (const name of read)
    t.true(
      foreign.some(({ structure }) => structure === name),
      `${name} needs no exception`,
    )
})

test('no files of the core use each other in a circle', (t) => {
  t.deepEqual(circle(uses()), undefined)
})

test('the README names every test outside the explorer that includes headers of the core', (t) => {
  const named = [
    ...readFileSync('native/README.md', 'utf8').matchAll(/^\| `(\w+\/\w+\.c)` \|/gm),
  ].map(([, file = '']) => file)
  // Open to tests by the table of the README: the addon's interface, and a file without the core's structures.
  const open = ['window/api.h', 'base/container.h']
  const headers = files.filter((file) => file.endsWith('.h')).map((f) => f.replace('core/', ''))
  const closed = headers.filter((header) => !open.includes(header))
  const sources = readdirSync('native/test', { encoding: 'utf8', recursive: true })
    .filter((file) => /\.[ch]$/.test(file) && !file.startsWith('explorer/'))
    .filter((file) => {
      const text = readFileSync(path.join('native/test', file), 'utf8')
      return closed.some((header) => text.includes(`#include "${header}"`))
    })
  t.deepEqual(named.toSorted(), sources.toSorted())
})

test('no file of the core has more than 400 lines', (t) => {
  for (const file of files) {
    const lines = readFileSync(path.join('native', file), 'utf8').split('\n').length - 1
    t.true(lines <= 400, `${file}: ${lines}`)
  }
})
