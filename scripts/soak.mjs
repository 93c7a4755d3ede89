// npm run soak -- --minutes N: every workload, size and thread lifetime at once; contents and invariants are checked.
import { buildTests } from './cmake.mjs'
import { runs } from './run.mjs'

buildTests('soak', 'build/checked', ['-DSUPERSLAB_CHECKED=ON'])
const soak = 'build/checked/native/test/superslab-soak'
process.exitCode = runs(soak, process.argv.slice(2)) ? 0 : 1
