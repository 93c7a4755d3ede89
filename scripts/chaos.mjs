// npm run test:chaos -- [seconds] [seed]: four threads misuse the memory of Buffers at random, for a minute.
import { build } from './build.mjs'
import { runs, step, tool } from './run.mjs'

build()
step('TypeScript tests', process.execPath, [tool('typescript/bin/tsc'), '--project', 'test'])
const [seconds = '60', ...seed] = process.argv.slice(2)
const args = ['build/test/programs/chaos.mjs', seconds, ...seed]
process.exitCode = runs(process.execPath, args) ? 0 : 1
