import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import test from 'ava'
import { codes } from 'superslab'
import { companionFile } from '#dist/load'

const read = (file: string) => readFileSync(file, 'utf8')
const readme = read('README.md')

test('the README has at most 900 words', (t) => {
  const words = readme.split(/[\s|]+/).filter((word) => /[\p{L}\p{N}]/u.test(word))
  t.true(words.length <= 900, `${words.length} words`)
  t.true(words.length > 300)
})

test('what the README links to is packed', async (t) => {
  const pack = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const { stdout } = await promisify(execFile)('npm', pack)
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
  const packed = new Set(files.map((one) => one.path))
  const targets = [...readme.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target)
  t.true(targets.length > 15)
  for (const target of targets)
    if (!/^https:\/\//.test(target ?? '')) t.true(packed.has(target ?? ''), target)
})

test('the table of programs is from the measurements', (t) => {
  const [head = '', ...lines] = read('docs/benchmarks/programs.tsv').trim().split('\n')
  const columns = head.split('\t')
  const runs = lines.map((line) =>
    Object.fromEntries(line.split('\t').map((value, i) => [columns[i], value])),
  )
  const names = read('bench/programs/list.mjs')
  const [, allocators = '', rows = ''] =
    readme.match(/^\| MiB after ten idle seconds, Node 24 \|(.*)\|\n.*\n((?:\|.*\n)+)/m) ?? []
  let count = 0
  for (const row of rows.trim().split('\n')) {
    const [, title = '', ...cells] = row.split('|').map((cell) => cell.trim())
    const work = names.match(new RegExp(`work: '([\\w-]+)',\\s*title: '${title}`))?.[1]
    for (const [i, name] of allocators.split('|').entries()) {
      const idle = runs
        .filter((run) => run.work === work && run.major === '24' && run.allocator === name.trim())
        .map((run) => Number(run.idle))
        .sort((one, other) => one - other)
      t.is(idle.length, 3, `${title}, ${name}`)
      t.is(Number(cells[i]), Math.round(idle[1] ?? 0), `${title}, ${name}`)
      count++
    }
  }
  t.true(count >= 25)
})

test('the table of errors is the list in the code', (t) => {
  const table = read('docs/troubleshooting.md').matchAll(/^\| `(ERR_\w+)` \| (.*) \|$/gm)
  t.deepEqual(Object.fromEntries([...table].map(([, code, text]) => [code, text])), { ...codes })
})

test('the scripts that the documentation for contributors names exist', (t) => {
  const { scripts } = JSON.parse(read('package.json'))
  const text = read('docs/contributing.md')
  const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? '')
  t.true(named.length > 20)
  for (const name of named) t.true(name in scripts, name)
})

test('the table of workloads is the list in the code', (t) => {
  const text = read('docs/benchmarks/README.md')
  const table = text.matchAll(/^\| `([\w-]+)` \| .* \| (\d+) \| (\d+)–(\d+) \|$/gm)
  const described = [...table].map(([, name, ...numbers]) => [name, ...numbers.map(Number)])
  const printed = execFileSync(companionFile('superslab-bench'), ['--list'], { encoding: 'utf8' })
  const workloads = JSON.parse(printed) as {
    name: string
    defaults: { threads: number; sizeMin: number; sizeMax: number }
  }[]
  t.deepEqual(
    described,
    workloads.map(({ name, defaults: { threads, sizeMin, sizeMax } }) => [
      name,
      threads,
      sizeMin,
      sizeMax,
    ]),
  )
})
