// npm run test:hardened [-- --level 1|2] [-- --all]: the C tests compiled with each level of the hardened libraries, and the
// explorer at that level. Without --all only the folders whose tests the level concerns: `npm test` runs the misuse programs
// and the fuzzer's corpus under both libraries already.
import { parseArgs } from 'node:util'
import { buildPreset } from './cmake.mjs'
import { ctest } from './ctest.mjs'

const { values } = parseArgs({
  options: { level: { type: 'string' }, all: { type: 'boolean', default: false } },
})
const builds = { 1: 'hardened', 2: 'hardened2' }
const folders = [
  'errors',
  'explorer',
  'hardened',
  'preload',
  'process',
  'refused',
  'threads',
  'unit',
]

if (values.level !== undefined && builds[values.level] === undefined) {
  console.error('test:hardened: --level takes 1 or 2')
  process.exit(2)
}
for (const level of values.level === undefined ? Object.keys(builds) : [values.level]) {
  const preset = values.all ? builds[level] : `${builds[level]}-short`
  const options = values.all ? [] : ['--label-regex', `^(${folders.join('|')})$`]
  const { passed, failed, skipped } = ctest(buildPreset(`hardened ${level}`, preset), { options })
  console.log(`hardened ${level}: passed ${passed}, failed ${failed}, skipped ${skipped}`)
  if (failed > 0) process.exitCode = 1
}
