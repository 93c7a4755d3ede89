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

/** Reads of the environment in C: a file, its functions that have one. Comments and strings are left out. */
function readers(file: string): string[] {
  const code = readFileSync(file, 'utf8').replace(/\/\*.*?\*\/|"(?:\\.|[^"\\\n])*"/gs, ' ')
  // A function begins at the start of a line and ends with a brace there.
  const functions = [...code.matchAll(/^\w[^\n;=]*?\b(\w+)\([^;{}]*\) \{\n.*?^\}/gms)]
  const reads = /\b(?:secure_getenv|getenv|_?_?environ|envp|_NSGetEnviron)\b/
  const found = functions.filter(([text]) => reads.test(text)).map(([, name = '']) => name)
  const rest = functions.reduce((text, [one]) => text.replace(one, ''), code)
  const outside = rest.replace(/^extern char \*\*environ;$/gm, '')
  return [...found, ...(reads.test(outside) ? ['outside of functions'] : [])].map(
    (name) => `${file} ${name}`,
  )
}

test('the environment is read by one function, which takes nothing from a setuid program’s caller', (t) => {
  const folders = ['native/core', 'native/window', 'native/os', 'native/preload', 'native/addon']
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(c|h|cc)$/.test(name))
      .map((name) => path.join(folder, name)),
  )
  t.deepEqual(files.flatMap(readers).sort(), [
    // What `superslab run` passes on to its command.
    'native/os/execute_posix.c changed_environment',
    // Where the C library will find it.
    'native/os/image_linux.c ss_os_environment_ready',
    'native/os/os_posix.c ss_os_environment',
  ])
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
