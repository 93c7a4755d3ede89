import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

const file = fileURLToPath(new URL('programs/stack-end.mjs', import.meta.url))

for (const flags of [['--stack-size=300'], ['--stack-size=300', '--jitless']])
  test(`calls at the end of the stack lose no block (${flags.join(' ')})`, async (t) => {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, file, '3'])
    t.true(JSON.parse(stdout).overflows > 0)
  })
