// npm run soak -- --minutes N: every workload, size and thread lifetime at once, contents checked.
import { buildTests } from './cmake.mjs'
import { runs } from './run.mjs'

buildTests('soak', 'build/ctest')
const soak = 'build/ctest/native/test/superslab-soak'
process.exitCode = runs(soak, process.argv.slice(2)) ? 0 : 1
