// Prints the tables of docs/design/misuse.md that say what each build notices, from the expectations in the first comments
// of native/test/misuse/malloc; with --write puts them into the page. A test compares the two.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

const folder = 'native/test/misuse/malloc'
const page = 'docs/design/misuse.md'
const builds = ['default', 'hardened1', 'hardened2', 'guard']
const marks = ['<!-- misuse-table -->', '<!-- /misuse-table -->']

/** What a program does, in its first sentence's words, and its ends: of each build, by size. */
export function programs() {
  return readdirSync(path.join(root, folder))
    .filter((file) => /\.cc?$/.test(file))
    .sort()
    .map((file) => {
      const text = readFileSync(path.join(root, folder, file), 'utf8')
      const lines = text.slice(2, text.indexOf('*/')).split('\n')
      const [what, said] = paragraphs(lines.map((line) => line.replace(/^ \* ?/, '').trim()))
      return { name: file.replace(/\.\w+$/, ''), what: what.join(' '), ends: endsOf(said) }
    })
}

function paragraphs(lines) {
  const between = lines.indexOf('')
  return [lines.slice(0, between), lines.slice(between + 1)]
}

/** The expectations, each `{ builds, sizes, end }`; misuse_driver.c has the form. */
function endsOf(lines) {
  const found = []
  for (const line of lines) {
    const [, names, sizes, end] =
      line.match(/^((?:all|default|guard|hardened[12])(?:, \w+)*)(?: at ([\d, ]+))?: ?(.*)$/) ?? []
    if (names === undefined) found.at(-1).end += ` ${line}`
    else found.push({ builds: names.split(', '), sizes: sizes?.split(', ') ?? [''], end })
  }
  return found
}

function endOf(ends, build, size) {
  const of = (name) => ends.find((one) => one.builds.includes(name))
  // A guard notices only what a program says of it.
  const name = of(build) || build === 'guard' ? build : 'all'
  return ends.find((one) => one.builds.includes(name) && one.sizes.includes(size))?.end
}

/** The number of bytes as it stands in a table, and those for which every build ends alike in one row. */
function rows({ what, ends, name }) {
  const sizes = [...new Set(ends.flatMap((one) => one.sizes))].sort((a, b) => a - b)
  const bySame = new Map()
  for (const size of sizes) {
    const cells = builds.map((build) => words(endOf(ends, build, size), name))
    const key = JSON.stringify(cells)
    bySame.set(key, { cells, sizes: [...(bySame.get(key)?.sizes ?? []), size] })
  }
  return [...bySame.values()].map(({ cells, sizes }, i) => [
    i === 0 ? what.replace(/\.$/, '') : 'the same',
    sizes.map((size) => Number(size).toLocaleString('en')).join('; '),
    ...cells,
    `misuse/malloc/${name}`,
  ])
}

function words(end, name) {
  const isAttack = name.startsWith('attack_')
  if (end === undefined) return ''
  if (end === 'nothing') return isAttack ? 'fails' : 'never'
  if (end === 'SIGABRT') return 'succeeds'
  if (end === 'SIGSEGV') return 'the access faults'
  return end.match(/^SIG\w+ superslab: ([a-z ]+): /)?.[1] ?? end
}

function table(first, list) {
  const used = builds.filter((_, i) => list.some((row) => row[2 + i] !== ''))
  const head = [first, 'bytes', ...used.map(title), 'test']
  const kept = list.map((row) => [
    ...row.slice(0, 2),
    ...builds.flatMap((build, i) => (used.includes(build) ? [row[2 + i]] : [])),
    row.at(-1),
  ])
  return [head, head.map(() => '---'), ...kept].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function title(build) {
  return build.replace(/(\d)/, ' $1')
}

export function misuseTables() {
  const wrong = programs().filter(({ name }) => name !== 'whole') // it does nothing wrong
  const all = wrong.map((one) => ({
    isAttack: one.name.startsWith('attack_'),
    rows: rows(one),
  }))
  const of = (attacks) => all.filter((one) => one.isAttack === attacks).flatMap((one) => one.rows)
  return `${table('misuse', of(false))}\n\n${table('attack', of(true))}`
}

/** The page with other tables, or undefined if it has no place for them. */
export function withTables(text, tables) {
  const [start, end] = marks.map((mark) => text.indexOf(mark))
  if (start < 0 || end < start) throw new Error(`${page} has no place for the tables`)
  return `${text.slice(0, start + marks[0].length)}\n\n${tables}\n\n${text.slice(end)}`
}

if (import.meta.filename === process.argv[1]) {
  const file = path.join(root, page)
  if (process.argv.includes('--write'))
    writeFileSync(file, withTables(readFileSync(file, 'utf8'), misuseTables()))
  else console.log(misuseTables())
}
