import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

// The long form is npm run test:chaos.
test('four threads misuse everything at random, and the statistics end exact', async (t) => {
  const file = fileURLToPath(new URL('programs/chaos.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [file, '8', '42'])
  t.true(JSON.parse(stdout).contests > 0)
})
