// npm run soak -- --minutes N: every workload, size and thread lifetime at once; contents and invariants are checked.
import path from 'node:path'
import { buildPreset } from './cmake.mjs'
import { runs } from './run.mjs'

const soak = path.join(buildPreset('soak', 'soak'), 'native/test/superslab-soak')
process.exitCode = runs(soak, process.argv.slice(2)) ? 0 : 1
