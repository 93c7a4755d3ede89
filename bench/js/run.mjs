// npm run bench:js: the cost of Buffers and blocks in JavaScript, beside Node's own; see docs/benchmarks/javascript.md.
//   --rounds N        5 by default; each round measures every case once, every other round in the opposite order
//   --only LIST       of pair, random-mixed, handoff, parser
//   --sizes LIST      of pair, in bytes
//   --in-flight LIST  of parser, how many messages
//   --aims            only the measurements of the table, not those of the chart
//   --node LIST       also with these releases, installed for the run: 22,24,26
//   --save            writes docs/benchmarks/javascript.json and .svg and the tables of javascript.md;
//                     earlier results that this run does not measure stay
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { chart } from './chart.mjs'
import { contenders } from './contenders.mjs'
import { aimed, figures, memory } from './figures.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'pair,random-mixed,handoff,parser' },
    sizes: { type: 'string', default: '64,256,1024,4096,65536,1048576' },
    'in-flight': { type: 'string', default: '64,512,4096' },
    aims: { type: 'boolean', default: false },
    node: { type: 'string', default: '' },
    save: { type: 'boolean', default: false },
  },
})
const folder = path.join(import.meta.dirname, '..', '..')
const sizes = values.sizes.split(',').map(Number)
const inFlight = values['in-flight'].split(',').map(Number)
const only = values.only.split(',')

const keyOf = ({ workload, contender, size }) => [workload, contender, size].join(' ').trim()

const names = Object.keys(contenders)
const ofSize = (size) => names.filter((name) => (contenders[name].size ?? size) === size)
const anySize = names.filter((name) => !contenders[name].oneSize && !contenders[name].size)
const cases = [
  ...sizes.flatMap((size) =>
    ofSize(size).map((contender) => ({ workload: 'pair', contender, size })),
  ),
  ...anySize.map((contender) => ({ workload: 'random-mixed', contender })),
  ...['shared', 'copied'].map((contender) => ({ workload: 'handoff', contender })),
  ...inFlight.flatMap((size) =>
    ['alloc', 'allocUnsafe', 'none'].map((contender) => ({ workload: 'parser', contender, size })),
  ),
].filter((one) => only.includes(one.workload) && (!values.aims || aimed.has(keyOf(one))))

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The deviation of the sample over its mean, in percent. */
function variation(numbers) {
  const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length
  const squares = numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0)
  return (Math.sqrt(squares / (numbers.length - 1)) / mean) * 100
}

function measure(node, one) {
  const args = [path.join(import.meta.dirname, 'measure.mjs'), JSON.stringify(one)]
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${keyOf(one)}: ${stderr}`)
  return JSON.parse(stdout)
}

function measureAll(node) {
  const rounds = Number(values.rounds)
  const results = new Map(cases.map((one) => [keyOf(one), []]))
  for (let round = 0; round < rounds; round++)
    for (const [i, one] of (round % 2 === 0 ? cases : cases.toReversed()).entries()) {
      if (process.stderr.isTTY)
        process.stderr.write(`\r${round + 1}/${rounds} ${i + 1}/${cases.length} \x1b[K`)
      results.get(keyOf(one)).push(measure(node, one))
    }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const release = { node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(), rounds }
  const [medians, variations] = [{}, {}]
  for (const [key, all] of results) {
    medians[key] = {}
    variations[key] = {}
    for (const name of Object.keys(all[0]).filter((name) => typeof all[0][name] === 'number')) {
      const numbers = all.map((one) => one[name])
      medians[key][name] = Number(median(numbers).toPrecision(4))
      variations[key][name] = numbers.length > 1 ? Number(variation(numbers).toFixed(1)) : null
    }
  }
  return { ...release, medians, variations }
}

/** A release of Node from the registry, in a folder of its own. */
function releaseOf(version, at) {
  const args = [
    'install',
    '--no-save',
    '--prefix',
    at,
    `node-${process.platform}-${process.arch}@${version}`,
  ]
  execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return path.join(at, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node')
}

let releases = [measureAll(process.execPath)]
for (const version of values.node.split(',').filter(Boolean)) {
  const at = mkdtempSync(path.join(tmpdir(), 'superslab-node-'))
  try {
    releases.push(measureAll(releaseOf(version, at)))
  } finally {
    rmSync(at, { recursive: true })
  }
}

/** Keeps an earlier run's results of other workloads or sizes; ratios are within one run. The oldest Node first. */
function joined(releases) {
  const file = path.join(folder, 'docs/benchmarks/javascript.json')
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).releases : []
  const added = releases.map((release) => {
    const same = before.find(({ node }) => node === release.node)
    return {
      ...release,
      medians: { ...same?.medians, ...release.medians },
      variations: { ...same?.variations, ...release.variations },
    }
  })
  const kept = before.filter(({ node }) => added.every((one) => one.node !== node))
  const major = ({ node }) => Number.parseInt(node.slice(1), 10)
  return [...added, ...kept].toSorted((a, b) => major(a) - major(b))
}

if (values.save) releases = joined(releases)
const table = figures(releases)
const memoryTable = memory(releases[0], 512)
console.log(table)
if (memoryTable !== undefined) console.log(`\n${memoryTable}`)
if (values.save) {
  const machine = `${cpus()[0]?.model ?? process.arch}, ${cpus().length} processors`
  const save = (name, text) => writeFileSync(path.join(folder, name), text)
  save(
    'docs/benchmarks/javascript.json',
    `${JSON.stringify({ machine, releases }, undefined, 2)}\n`,
  )
  save('docs/benchmarks/javascript.svg', chart(releases[0]))
  const put = (page, name, text) => {
    const marks = new RegExp(
      `(<!-- ${name}: npm run bench:js -->\\n)[^]*?(\\n<!-- end of ${name} -->)`,
    )
    save(page, readFileSync(path.join(folder, page), 'utf8').replace(marks, `$1${text}$2`))
  }
  put('docs/benchmarks/javascript.md', 'results', table)
  if (memoryTable !== undefined) put('docs/benchmarks/javascript.md', 'memory', memoryTable)
}
