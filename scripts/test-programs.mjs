// npm run test:programs: runs third-party programs with superslab and without; then most of them with each hardened
// library. `-- --hardened 1` runs them with the library of that level alone.
import { parseArgs } from 'node:util'
import { ava } from './ava.mjs'
import { build } from './build.mjs'
import { installPrograms } from './install-programs.mjs'

const { values } = parseArgs({ options: { hardened: { type: 'string', default: '0,1,2' } } })

/** The tests that compare a program's output; what the others test is no matter of the library. */
const compared = ['node', 'interpreters', 'compiler', 'git', 'others', 'redis', 'chromium']

build()
installPrograms()
for (const level of values.hardened.split(',')) {
  const names = level === '0' ? ['*'] : compared
  const { passed, failed, skipped } = ava(
    names.map((name) => `build/test/programs/${name}.test.mjs`),
    { TEST_PROGRAMS: 'all', ...(level !== '0' && { TEST_HARDENED: level }) },
  )
  const title = level === '0' ? 'programs' : `programs, hardened ${level}`
  console.log(`${title}: passed ${passed}, failed ${failed}, skipped ${skipped}`)
  if (failed > 0) process.exitCode = 1
}
