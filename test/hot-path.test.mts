import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import test from 'ava'
import { addon } from '#dist/addon'

const [, malloc, free] =
  readFileSync('docs/hot-path.md', 'utf8').match(/^\| preload \| (\d+) \| (\d+) \|$/m) ?? []

/** The counts are of one compiler and one machine's code. */
function whyNot(): string | undefined {
  const { compiler } = addon.info()
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'not x86-64 Linux'
  if (!compiler.startsWith('gcc 12.')) return `built by ${compiler}, not gcc 12`
  if (spawnSync('valgrind', ['--version']).status !== 0) return 'valgrind is not installed'
  return undefined
}

const reason = whyNot()
const run = reason === undefined ? test : test.skip

run(
  `the hot paths have the instructions that are documented${reason ? `: ${reason}` : ''}`,
  (t) => {
    const args = ['scripts/hot-path.mjs', '--only', 'preload']
    const printed = execFileSync(process.execPath, args, { encoding: 'utf8' })
    t.is(printed, `preload: malloc ${malloc}, free ${free}\n`)
    t.true(Number(malloc) <= 16 && Number(free) <= 25)
  },
)

run(
  `the other functions take the instructions that are documented${reason ? `: ${reason}` : ''}`,
  (t) => {
    const rows = (text: string) =>
      new Map(
        [...text.matchAll(/^\| ([^|]+) \|(?: \d+ \|)*? (\d+) \|$/gm)].map(([, call, count]) => [
          call,
          count,
        ]),
      )
    const documented = rows(
      readFileSync('docs/hot-path.md', 'utf8').split('## The other functions')[1] ?? '',
    )
    const counted = rows(
      execFileSync(process.execPath, ['scripts/calls.mjs'], { encoding: 'utf8' }),
    )
    t.true(documented.size >= 12)
    for (const [call, count] of documented) t.is(counted.get(call), count, call)
    t.true(Number(counted.get('malloc and free, 4 MiB')) <= 400)
  },
)
