// npm run bench:speed: processor time of native loops under superslab and other allocators, for a machine that is not idle:
// other programs lengthen the time that `superslab bench` measures, but hardly the processor time.
//
//   node bench/speed.mjs [--against jemalloc,/path/of/a/library] [--rounds 7]
//
// perf counts the processor time of each run (task-clock). The allocators take turns, in another order each round, and
// must end with the same checksum. Ratios to the system's malloc: medians of the rounds' own, with half the distance
// between the lower and the upper quartile.
import { execFileSync, spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import allocators from '../dist/cli/bench/allocators.js'
import statistics from '../dist/cli/bench/statistics.js'

const program = 'build/Release/superslab-bench'
const { values } = parseArgs({
  options: {
    against: { type: 'string', default: 'jemalloc,tcmalloc' },
    rounds: { type: 'string', default: '7' },
  },
})
const cases = {
  'random sizes, 16–1040 B': ['random-mixed', '--ops', '5000000'],
  'any of 4 threads frees, 1–8 KiB': ['mid-mt-gap', '--ops', '125000'],
  '4 threads, 8–52 KiB': ['mid-large-mt', '--threads', '4', '--ops', '200000'],
  '32 KiB–2 MiB': ['large', '--ops', '200000'],
  'next thread frees, 16–1040 B': ['handoff', '--ops', '1000000'],
}
const list = allocators.contestants(values.against.split(','))

function measure(args, { name, library }) {
  const linked = name === 'superslab' ? 'superslab' : 'system'
  const variables = { ...process.env, ...(library && { LD_PRELOAD: library }) }
  const settings = library ? ['env', `LD_PRELOAD=${library}`] : ['env']
  delete variables.LD_PRELOAD
  const { stdout, stderr, status } = spawnSync(
    'perf',
    ['stat', '-x,', '-e', 'task-clock', ...settings, program, ...args, '--allocator', linked],
    { encoding: 'utf8', env: variables },
  )
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
  const { checksum, peakRssBytes } = JSON.parse(stdout)
  return { checksum, peak: peakRssBytes, time: Number(stderr.match(/^([\d.]+),/m)[1]) }
}

execFileSync('perf', ['--version'])
console.log(`| | ${list.map(({ name }) => name).join(' | ')} |`)
console.log(`|---|${list.map(() => '--:|').join('')}`)
for (const [title, args] of Object.entries(cases)) {
  const runs = list.map(() => [])
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i] of list.entries()) {
      const at = (i + round) % list.length
      runs[at].push(measure(args, list[at]))
    }
  if (new Set(runs.flat().map(({ checksum }) => checksum)).size !== 1)
    throw new Error(`${title}: the allocators ended with different checksums`)
  const base = runs[list.findIndex(({ name }) => name === 'system')]
  const cells = runs.map((own) => {
    const ratios = own.map(({ time }, i) => time / base[i].time).toSorted((a, b) => a - b)
    const quarter = Math.floor(ratios.length / 4)
    const half = (ratios[ratios.length - 1 - quarter] - ratios[quarter]) / 2
    const peak =
      statistics.median(own.map((one) => one.peak)) / statistics.median(base.map((one) => one.peak))
    return own === base
      ? '1 [1]'
      : `${statistics.median(ratios).toFixed(2)} ±${half.toFixed(2)} [${peak.toFixed(2)}]`
  })
  console.log(`| ${title} | ${cells.join(' | ')} |`)
}
