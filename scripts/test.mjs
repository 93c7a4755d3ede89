// npm test: builds, runs every C and JavaScript test, and says how many passed in its last line.
import { ava } from './ava.mjs'
import { build } from './build.mjs'
import { buildPreset } from './cmake.mjs'
import { ctest } from './ctest.mjs'

build()
const results = [ctest(buildPreset('C tests', 'tests')), ava()]

const sum = (key) => results.reduce((total, counts) => total + counts[key], 0)
const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''
console.log(`${sum('passed')} passed, ${sum('failed')} failed${skipped}`)
process.exitCode = sum('failed') > 0 ? 1 : 0
