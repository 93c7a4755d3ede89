import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

interface Judged {
  ratio: number
  noise: number
  verdict: 'ok' | 'worse'
}

const { judge } = (await import(path.resolve('scripts/regression.mjs'))) as {
  judge(pairs: [number, number][], limit: number): Judged
}

const hasValgrind = spawnSync('valgrind', ['--version']).status === 0

async function check(...args: string[]) {
  const run = promisify(execFile)(process.execPath, ['scripts/bench-check.mjs', ...args])
  const { stdout, stderr, code = 0 } = await run.catch((error) => error)
  return { stdout: stdout as string, stderr: stderr as string, code: code as number }
}

test('a build is worse beyond the limit and the noise', (t) => {
  const rounds = (ratio: number, noise: number): [number, number][] =>
    [-noise, 0, noise, -noise, noise].map((off) => [10, 10 * (ratio + off)])
  t.is(judge(rounds(1.02, 0), 0.03).verdict, 'ok')
  t.is(judge(rounds(1.04, 0), 0.03).verdict, 'worse')
  t.is(judge(rounds(1.04, 0.1), 0.03).verdict, 'ok')
  t.is(judge(rounds(0.5, 0), 0.03).verdict, 'ok')
  t.is(judge([[100, 102]], 0.01).verdict, 'worse')
})

test('a slow round of both builds is no regression', (t) => {
  const pairs = [1, 2, 3, 4, 5].map((slow): [number, number] => [slow, slow])
  t.like(judge(pairs, 0.03), { ratio: 1, noise: 0, verdict: 'ok' })
})

test('wrong arguments are errors', async (t) => {
  for (const args of [[], ['no-such-commit'], ['a', 'b', 'c'], ['HEAD', '--rounds', '2']]) {
    const { code, stderr } = await check(...args)
    t.is(code, 2, args.join(' '))
    t.true(stderr.length > 0)
  }
})

const withValgrind = hasValgrind ? test : test.skip

withValgrind(
  `a build with more instructions fails${hasValgrind ? '' : ' (no valgrind)'}`,
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'superslab-worse-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const [same, worse] = ['same', 'worse'].map((name) => path.join(folder, name)) as [
      string,
      string,
    ]
    for (const one of [same, worse]) mkdirSync(one)
    copyFileSync('build/Release/superslab-bench', path.join(same, 'superslab-bench'))
    // The trace build counts each call, so it is a slower build of the same allocator.
    copyFileSync('build/Release/superslab-bench-trace', path.join(worse, 'superslab-bench'))

    const replays = ['--only', 'instructions', '--workload', 'replay']
    const recorded = await check(same, same, ...replays)
    t.is(recorded.code, 0, recorded.stdout + recorded.stderr)
    for (const name of readdirSync('bench/recordings'))
      t.regex(recorded.stdout, new RegExp(`^ok +\\d\\.\\d+ +replay ${name}: `, 'm'))
    const only = ['--only', 'instructions', '--workload', 'random-mixed']
    const equal = await check(same, same, ...only)
    t.is(equal.code, 0, equal.stdout + equal.stderr)
    t.regex(equal.stdout, /^no regression$/m)
    const slower = await check(same, worse, ...only)
    t.is(slower.code, 1, slower.stdout + slower.stderr)
    t.regex(slower.stdout, /^worse +1\.\d+ +random-mixed/m)
  },
)
