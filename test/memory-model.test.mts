import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'

/** The table of docs/memory-model.md has each atomic word of these; the benchmarks explain theirs in place. */
const folders = ['core', 'window', 'os', 'preload', 'addon'].map((name) =>
  path.join('native', name),
)
const text = readFileSync('docs/memory-model.md', 'utf8')

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
}

/** The names that a declaration of atomic words declares: no parameter, no cast, no pointer with a value. */
function declared(statement: string): string[] {
  const marker = statement.match(/\b_Atomic\b|\bstd::atomic\b/)
  if (!marker || /\w\s*\($|=.*\b_Atomic\b/.test(statement.slice(0, marker.index))) return []
  const rest = statement
    .slice(marker.index)
    .replace(/_Atomic\s*\([^)]*\)|std::atomic<[^>]*>|_Atomic\s+\w+/, '')
    .replace(/__attribute__\(\(.*?\)\)+|\bSS_HIDDEN\b/, '')
  if (/[()=]/.test(rest)) return []
  return rest.split(',').flatMap((one) => one.match(/(\w+)(\[[^\]]*\])?\s*$/)?.[1] ?? [])
}

/** Words by name, with the file each is in. */
const words = new Map<string, string>()
for (const folder of folders)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(c|cc|h)$/.test(file),
  )) {
    const file = path.join(folder, name)
    const source = withoutComments(readFileSync(file, 'utf8'))
    for (const statement of source.split(/[;{}]/))
      for (const word of declared(statement)) words.set(word, file)
    // Words that the addon shares with the core's C have no atomic type.
    for (const [, word = ''] of source.matchAll(/\b__atomic_\w+\((\w+)/g)) words.set(word, file)
  }

const start = text.indexOf('## Every shared word')
const table = text.slice(start, text.indexOf('\n## ', start + 1))
const listed = table
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| word '))
  .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([\w.]+)(\[\])?`/g)])
  .map(([, name = '']) => name.split('.').at(-1) ?? '')

test('the table of shared words has each atomic word of the source', (t) => {
  t.true(words.size > 50)
  for (const [word, file] of words) t.true(listed.includes(word), `${word}, in ${file}`)
})

test('the table of shared words has no other word', (t) => {
  for (const word of listed) t.true(words.has(word), word)
})

test('JavaScript uses Atomics only for the byte of a block that comes under watch or is sampled', (t) => {
  const files = (readdirSync('lib', { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join('lib', name))
  const used = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^.*\bAtomics\.\w+.*$/gm)].map(([line]) => line.trim()),
  )
  // The first is a pause: no other thread knows the buffer.
  t.deepEqual(used, [
    'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)',
    'if (Atomics.compareExchange(table, block >>> Step.shift, mark, holder.tag) !== mark) return',
    'if (Atomics.compareExchange(table, block >>> Step.shift, mark, watched) === Mark.unsized)',
    'Atomics.compareExchange(table, block >>> Step.shift, Mark.unsized, holder.ceded)',
  ])
})
