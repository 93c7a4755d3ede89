// Runs the tests of the JavaScript side and counts them.
import { spawnSync } from 'node:child_process'
import { agree } from './ctest.mjs'
import { root, step, tool } from './run.mjs'

/** Of the tests in `patterns`, or all. */
export function ava(patterns = [], env = {}) {
  step('test: TypeScript', process.execPath, [tool('typescript/bin/tsc'), '--project', 'test'])
  const result = spawnSync(
    process.execPath,
    [tool('ava/entrypoints/cli.mjs'), '--tap', ...patterns],
    {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  )
  process.stdout.write(result.stdout)
  const summary = (name) =>
    Number(result.stdout.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1] ?? 0)
  const counts = { passed: summary('pass'), failed: summary('fail'), skipped: summary('skip') }
  return agree(counts, result.status === 0 && counts.passed > 0)
}
