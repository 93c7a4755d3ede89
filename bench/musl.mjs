// npm run bench:musl: musl's own malloc beside superslab, in programs for musl: the workloads of `superslab bench seed`
// and the recordings of bench/recordings.
//
//   node bench/musl.mjs [--rounds 5] [--only random-mixed,lua]
//
// The allocators take turns, and must end with the same checksum. `npm run test:musl` builds the program.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import inputs from '../dist/cli/bench/inputs.js'
import statistics from '../dist/cli/bench/statistics.js'
import suites from '../dist/cli/bench/suites.js'

const program = 'build/ctest-musl/superslab-bench'
const recordings = 'bench/recordings'
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string' } },
})
if (!existsSync(program)) throw new Error(`there is no ${program}: npm run test:musl builds it`)

const files = readdirSync(recordings).filter((name) => name.endsWith('.rec.gz'))
const cases = [
  ...suites.suiteCases('seed', {}, []),
  ...inputs.fileCases(
    'replay',
    files.map((name) => path.join(recordings, name)),
    {},
  ),
].filter(({ label }) => !values.only || values.only.split(',').some((name) => label.includes(name)))

function measure({ workload, parameters, input }, allocator) {
  const options = Object.entries(parameters).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const args = [workload, '--allocator', allocator, ...options, ...(input ? ['--file', input] : [])]
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8' }))
}

console.log('| workload | superslab | musl | ratio | peak RSS | musl’s | ratio |')
console.log('|---|--:|--:|--:|--:|--:|--:|')
for (const one of cases) {
  const runs = { superslab: [], system: [] }
  for (let round = 0; round < Number(values.rounds); round++)
    for (const allocator of round % 2 === 0 ? ['superslab', 'system'] : ['system', 'superslab'])
      runs[allocator].push(measure(one, allocator))
  const [own, musl] = [runs.superslab, runs.system]
  if (new Set([...own, ...musl].map(({ checksum }) => checksum)).size !== 1)
    throw new Error(`${one.label}: the allocators ended with different checksums`)
  const time = (list) => statistics.median(list.map(({ seconds }) => seconds * 1000))
  const peak = (list) => statistics.median(list.map(({ peakRssBytes }) => peakRssBytes / 2 ** 20))
  const ratios = own.map(({ seconds }, i) => seconds / musl[i].seconds)
  const cells = [
    ...[`${time(own).toFixed(0)} ms`, `${time(musl).toFixed(0)} ms`],
    `${statistics.median(ratios).toFixed(2)}`,
    ...[`${peak(own).toFixed(1)} MiB`, `${peak(musl).toFixed(1)} MiB`],
    `${(peak(own) / peak(musl)).toFixed(2)}`,
  ]
  console.log(`| ${one.label} | ${cells.join(' | ')} |`)
}
