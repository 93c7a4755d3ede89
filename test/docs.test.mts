import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { codes } from 'superslab'
import { blocksOf, documents, shellLinesOf } from './support/documents.mjs'

async function run(file: string, args: string[], cwd = '.') {
  const {
    stdout,
    stderr,
    code = 0,
  } = await promisify(execFile)(file, args, { cwd }).catch((error) => error)
  return { stdout: stdout as string, stderr: stderr as string, code: code as number }
}

const main = path.resolve('dist/cli/main.js')

/** Commands of other programs, with their purpose. */
const foreign = [
  /^(cmake|ctest|strace) /,
  /^(LD_PRELOAD=\$\(npx superslab path\) .*)?(valgrind --tool=callgrind )?build\/Release\/superslab-bench/,
  /^build\/ctest /,
  /^gdb -x node_modules\/superslab\/native\/gdb\/superslab\.py /,
  /^npm (start|test|install superslab)$/,
  /^npx esbuild /,
  // test/hardened.test.mts runs a program with it.
  /^LD_PRELOAD=\$\(npx superslab path --hardened=2\) node server\.js$/,
  // test/programs/supervisors.test.mts runs it.
  /^LD_PRELOAD="\$\(npx superslab path\)" SUPERSLAB_CHILDREN=node pm2 start ecosystem\.config\.js$/,
]
/** Quick commands that write no files are run unchanged. */
const quick = ['npx superslab status', 'npx superslab bench --help']

const commands = documents.flatMap((document) =>
  shellLinesOf(document).map((line) => ({ file: document.file, line })),
)

const helpOf = new Map<string, Promise<string>>()

/** The options that a subcommand takes. */
function help(command: string): Promise<string> {
  const known =
    helpOf.get(command) ??
    run(process.execPath, [main, command, '--help']).then((one) => one.stdout)
  helpOf.set(command, known)
  return known
}

test('every command in the documentation exists', async (t) => {
  t.true(commands.length > 10)
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const { file, line } of commands) {
    const where = `${file}: ${line}`
    const script = line.match(/^(?:npm explore superslab -- )?npm run ([\w:]+)/)?.[1]
    const [, command, rest = ''] = line.match(/^npx superslab ([\w-]+)(.*)$/) ?? []
    const program = line.match(/^node (bench\/\S+\.mjs)/)?.[1]
    if (script) t.true(script in scripts, where)
    else if (program) t.true(existsSync(program), where)
    else if (command) {
      const text = await help(command)
      t.regex(text, new RegExp(`^Usage: superslab ${command}`), where)
      const own = rest.split(/ -- |"/, 1)[0] ?? ''
      for (const [option] of own.matchAll(/--[\w-]+/g))
        t.true(text.includes(`${option} `) || option === '--help', `${where}: ${option}`)
    } else
      t.true(
        foreign.some((pattern) => pattern.test(line)),
        where,
      )
  }
})

test('quick commands of the documentation succeed', async (t) => {
  for (const line of quick) {
    t.true(
      commands.some((one) => one.line === line),
      line,
    )
    const { code, stderr } = await run(process.execPath, [main, ...line.split(' ').slice(2)])
    t.is(code, 0, `${line}: ${stderr}`)
  }
})

/** Packages that a program of the documentation needs and that are not installed here. */
const absent = ['sharp']

const examples = documents.flatMap((document) =>
  blocksOf(document, 'js').map((text) => ({ file: document.file, text })),
)
for (const [i, { file, text }] of examples.entries()) {
  const needs = absent.find((name) => text.includes(`from '${name}'`))
  const isModule = /^import /m.test(text)
  test(`program ${i + 1} of the documentation, in ${file}, ${needs ? 'is one' : 'runs'}`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'superslab-docs-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    if (needs) {
      const program = path.join(folder, 'program.mjs')
      writeFileSync(program, text)
      const { code, stderr } = await run(process.execPath, ['--check', program])
      t.is(code, 0, stderr)
      return
    }
    const type = `--input-type=${isModule ? 'module' : 'commonjs'}`
    const { stdout, stderr, code } = await run(process.execPath, [type, '--eval', text])
    t.is(code, 0, stderr)
    const promised = [...text.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, one]) => one)
    t.deepEqual(stdout.split('\n').filter(Boolean), promised)
  })
}

test('troubleshooting has every error code, and no other', (t) => {
  const text = readFileSync('docs/troubleshooting.md', 'utf8')
  const described = [...text.matchAll(/^### `(\w+)`$/gm)].map(([, code]) => code ?? '')
  t.deepEqual(described.toSorted(), Object.keys(codes).toSorted())
})

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  const plain = text.replace(/^```[\s\S]*?^```$/gm, '')
  return [...plain.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('links within the documentation have a target', (t) => {
  let count = 0
  for (const { file, text } of documents)
    for (const [, target = '', anchor] of text.matchAll(/\]\(([^)#:\s]*)(?:#([^)]*))?\)/g)) {
      count++
      const page = target === '' ? file : path.join(path.dirname(file), target)
      const where = `${file}: ${target}#${anchor ?? ''}`
      t.true(existsSync(page), where)
      if (anchor !== undefined && page.endsWith('.md') && !page.startsWith('docs/api'))
        t.true(anchorsOf(readFileSync(page, 'utf8')).includes(anchor), where)
    }
  t.true(count > 5)
})

test('each test that the page on misuse names is there', (t) => {
  const text = readFileSync('docs/design/misuse.md', 'utf8')
  const named = [...text.matchAll(/^\|.*\| (\w+(?:\/\w+)+) \|$/gm)].map(([, name = '']) => name)
  t.true(named.length > 60)
  for (const name of named)
    t.true(
      ['c', 'cc'].some((ending) => existsSync(path.join('native/test', `${name}.${ending}`))),
      name,
    )
})

test('the tables of what each build notices are those of the misuse programs', async (t) => {
  const { misuseTables, programs, withTables } = (await import(
    path.resolve('scripts/misuse-table.mjs')
  )) as {
    misuseTables(): string
    programs(): { name: string }[]
    withTables(text: string, tables: string): string
  }
  t.true(programs().length > 25)
  const text = readFileSync('docs/design/misuse.md', 'utf8')
  t.is(text, withTables(text, misuseTables()), 'npm run docs:misuse')
})
