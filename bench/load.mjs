// npm run bench:load: the time that require('superslab') adds to the start of node, `node -e 0`, alone and with the first
// Buffer. Processes in turns; the median of each round's ratio. `-- --runs N` sets the number of rounds.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '60' } } })
const runs = Number(values.runs)
const entry = JSON.stringify(path.resolve('dist/index.js'))
const programs = {
  'node -e 0': '0',
  "require('superslab')": `require(${entry})`,
  'and the first alloc': `require(${entry}).alloc(1)`,
}

function milliseconds(program) {
  const start = process.hrtime.bigint()
  const { status, stderr } = spawnSync(process.execPath, ['-e', program])
  if (status !== 0) throw new Error(String(stderr))
  return Number(process.hrtime.bigint() - start) / 1e6
}

const sorted = (numbers) => numbers.toSorted((a, b) => a - b)
const quantile = (numbers, share) => sorted(numbers)[Math.round((numbers.length - 1) * share)]

const times = Object.fromEntries(Object.keys(programs).map((name) => [name, []]))
for (let round = -3; round < runs; round++) {
  const names = Object.keys(programs)
  for (const name of round % 2 === 0 ? names : names.toReversed()) {
    const time = milliseconds(programs[name])
    if (round >= 0) times[name].push(time) // the first ones fill caches
  }
}
const base = times['node -e 0']
const percent = (ratio) => `${((ratio - 1) * 100).toFixed(1)} %`
for (const [name, list] of Object.entries(times)) {
  const time = `${name.padEnd(22)} ${quantile(list, 0.5).toFixed(2)} ms`
  const ratios = list.map((one, i) => one / base[i])
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => percent(quantile(ratios, share)))
  const added = `, adds ${middle} (half of the rounds between ${low} and ${high})`
  console.log(list === base ? time : time + added)
}
