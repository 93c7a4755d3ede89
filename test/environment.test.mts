import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'

const table = readFileSync('docs/environment.md', 'utf8')
const documented = [...table.matchAll(/^\| `(SUPERSLAB_[A-Z]+)` \|/gm)].map(([, name]) => name)

/** The variables that the code reads: in C by a string literal, in TypeScript by a member or a key. */
function asked(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => /\.(c|h|cc|ts|mts)$/.test(file))
    .map((file) => readFileSync(path.join(folder, file), 'utf8'))
    .flatMap((text) => [
      ...[...text.matchAll(/"(SUPERSLAB_[A-Z]+)"/g)].map(([, name = '']) => name),
      ...[...text.matchAll(/\benv(?:ironment)?\.(SUPERSLAB_[A-Z]+)/g)].map(([, name = '']) => name),
    ])
}

test('the table of environment variables has exactly those that are read', (t) => {
  const folders = [
    'native/core',
    'native/window',
    'native/os',
    'native/preload',
    'native/addon',
    'lib',
  ]
  const names = new Set(folders.flatMap(asked))
  t.deepEqual([...names].sort(), [...documented].sort())
  t.true(names.size > 0 && names.size <= 8)
})

test('no other page documents a variable that does not exist', (t) => {
  const names = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  const pages = ['README.md', ...names.map((name) => path.join('docs', name))]
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(page, 'utf8')
    for (const [, name = ''] of text.matchAll(/\b(SUPERSLAB_[A-Z]+)=/g))
      t.true(documented.includes(name), `${page}: ${name}`)
  }
})
