import { spawnSync } from 'node:child_process'
import test from 'ava'

const missing = spawnSync('valgrind', ['--version']).status !== 0
const run = missing ? test.skip : test

run(
  `a program with the background thread runs under valgrind${missing ? ': not installed' : ''}`,
  (t) => {
    const bench = ['build/Release/superslab-bench', 'random-mixed', '--allocator', 'superslab']
    const { status, stdout, stderr } = spawnSync(
      'valgrind',
      ['--tool=none', ...bench, '--ops', '200000'],
      { encoding: 'utf8' },
    )
    t.is(status, 0, stderr)
    t.regex(stdout, /"checksum"/)
  },
)
