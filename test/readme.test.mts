import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import test from 'ava'
import { codes } from 'superslab'
import { companionFile } from '#dist/load'

const readme = readFileSync('README.md', 'utf8')

const examples = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, text]) => text ?? '')

for (const [i, count] of [4, 3].entries())
  test(`example ${i + 1} prints what its comments say`, (t) => {
    const example = examples[i] ?? ''
    const promised = [...example.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, text]) => text)
    const args = ['--input-type=module', '--eval', example]
    const printed = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n')
    t.is(promised.length, count)
    t.deepEqual(printed, promised)
  })

test('the table of errors is the list in the code', (t) => {
  const table = readme.matchAll(/^\| `(ERR_\w+)` \| (.*) \|$/gm)
  t.deepEqual(Object.fromEntries([...table].map(([, code, text]) => [code, text])), { ...codes })
})

test('the scripts it names exist', (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? '')
  t.true(named.length > 3)
  for (const name of named) t.true(name in scripts, name)
})

test('the table of workloads is the list in the code', (t) => {
  const text = readFileSync('docs/benchmarks/README.md', 'utf8')
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
