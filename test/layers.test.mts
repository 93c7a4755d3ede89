import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'

const core = 'native/core'
const text = readFileSync('native/README.md', 'utf8')

function includes(file: string): string[] {
  return [...readFileSync(path.join(core, file), 'utf8').matchAll(/^#include "(.+)"/gm)].map(
    ([, name = '']) => name,
  )
}

/** The layer of each header, from the table; a row without a number goes on with the one above. */
const layers = new Map<string, number>()
const top: string[] = []
let layer = 0
for (const [, number = '', names = '', content = ''] of text.matchAll(
  /^\| *(\d*) *\|(.*)\|(.*)\|$/gm,
)) {
  if (number) layer = Number(number)
  for (const [, name = ''] of names.matchAll(/`([\w/]+\.h)`/g)) layers.set(name, layer)
  for (const [, name = ''] of content.matchAll(/`(\w+\.c)`/g)) top.push(name)
}

/** For each source that looks up, its includes from above. */
const upwards = new Map<string, string[]>()
for (const [, source = '', names = ''] of text.matchAll(/^- `(\w+\.c)` \((.+?)\):/gm))
  upwards.set(
    source,
    names.split(', ').map((name) => `${name}.h`),
  )

const headers = readdirSync(core).filter((name) => name.endsWith('.h'))
const sources = readdirSync(core).filter((name) => name.endsWith('.c'))

/** A source is on the layer of its own header; `give.c` is the half of `slab.h` that gives. */
function layerOf(source: string): number {
  if (top.includes(source)) return 7
  const own = source === 'give.c' ? 'slab.h' : source.replace(/\.c$/, '.h')
  return layers.get(own) ?? Number.NaN
}

test('the table of layers has exactly the headers of the core', (t) => {
  const listed = [...layers.keys()].filter((name) => existsSync(path.join(core, name)))
  t.deepEqual(listed.toSorted(), headers.toSorted())
  const others = [...layers.keys()].filter((name) => !listed.includes(name))
  t.deepEqual(others.toSorted(), ['os/os.h', 'superslab.h'])
})

test('no header includes one of a layer above its own', (t) => {
  for (const header of headers)
    for (const name of includes(header))
      t.true(
        (layers.get(name) ?? Number.NaN) <= (layers.get(header) ?? Number.NaN),
        `${header}: ${name}`,
      )
})

test('the sources that look up are these, and include these from above', (t) => {
  for (const source of sources.filter((name) => name !== 'api.c')) {
    const own = layerOf(source)
    t.false(Number.isNaN(own), source)
    const above = includes(source).filter((name) => (layers.get(name) ?? Number.NaN) > own)
    t.deepEqual(above.toSorted(), (upwards.get(source) ?? []).toSorted(), source)
  }
})
