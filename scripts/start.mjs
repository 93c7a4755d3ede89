// npm start: builds a fresh clone and runs the seed benchmarks beside the system's malloc.
import { build } from './build.mjs'
import { runs } from './run.mjs'

build()
const args = process.argv.slice(2)
console.error('benchmarks: running')
const benchmark = ['dist/cli/main.js', 'bench', ...(args.length > 0 ? args : ['seed'])]
process.exitCode = runs(process.execPath, benchmark) ? 0 : 1
