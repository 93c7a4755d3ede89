// npm run test:programs: runs third-party programs with superslab and without.
import { ava } from './ava.mjs'
import { build } from './build.mjs'
import { installPrograms } from './install-programs.mjs'

build()
installPrograms()
const { passed, failed, skipped } = ava(['build/test/programs/*.test.mjs'], {
  TEST_PROGRAMS: 'all',
})
console.log(`programs: passed ${passed}, failed ${failed}, skipped ${skipped}`)
process.exitCode = failed > 0 ? 1 : 0
