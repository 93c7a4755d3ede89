// npm run bench:js: what Buffers and blocks cost in JavaScript, beside Node's own ways; see docs/benchmarks/javascript.md.
//   --rounds N        5 by default; each round measures everything once, every other one backwards
//   --only LIST       of pair, random-mixed, handoff, parser
//   --node LIST       also with these releases, installed for the run: 22,24,26
//   --save            writes docs/benchmarks/javascript.json and .svg and the table of the README
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { chart } from './chart.mjs'
import { contenders } from './contenders.mjs'
import { figures } from './figures.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'pair,random-mixed,handoff,parser' },
    node: { type: 'string', default: '' },
    save: { type: 'boolean', default: false },
  },
})
const folder = path.join(import.meta.dirname, '..', '..')
const sizes = [64, 256, 1024, 4096, 65_536, 1_048_576]
const only = values.only.split(',')

const ofSize = Object.keys(contenders)
const anySize = ofSize.filter((name) => !contenders[name].oneSize)
const cases = [
  ...sizes.flatMap((size) => ofSize.map((contender) => ({ workload: 'pair', contender, size }))),
  ...anySize.map((contender) => ({ workload: 'random-mixed', contender })),
  ...['shared', 'copied'].map((contender) => ({ workload: 'handoff', contender })),
  ...['alloc', 'allocUnsafe'].map((contender) => ({ workload: 'parser', contender })),
].filter(({ workload }) => only.includes(workload))

const keyOf = ({ workload, contender, size }) => [workload, contender, size].join(' ').trim()

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
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
  const medians = {}
  for (const [key, all] of results) {
    medians[key] = {}
    for (const name of Object.keys(all[0]))
      if (typeof all[0][name] === 'number')
        medians[key][name] = Number(median(all.map((one) => one[name])).toPrecision(4))
  }
  return { node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(), rounds, medians }
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

/** What an earlier run saved of other workloads stays; ratios are within one workload. */
function joined(releases) {
  const file = path.join(folder, 'docs/benchmarks/javascript.json')
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).releases : []
  const added = releases.map((release) => {
    const same = before.find(({ node }) => node === release.node)
    return { ...release, medians: { ...same?.medians, ...release.medians } }
  })
  return [...added, ...before.filter(({ node }) => added.every((one) => one.node !== node))]
}

if (values.save) releases = joined(releases)
const table = figures(releases)
console.log(table)
if (values.save) {
  const machine = `${cpus()[0]?.model ?? process.arch}, ${cpus().length} processors`
  const save = (name, text) => writeFileSync(path.join(folder, name), text)
  save(
    'docs/benchmarks/javascript.json',
    `${JSON.stringify({ machine, releases }, undefined, 1)}\n`,
  )
  save('docs/benchmarks/javascript.svg', chart(releases[0], sizes))
  const readme = readFileSync(path.join(folder, 'README.md'), 'utf8')
  const marks = /(<!-- results: npm run bench:js -->\n)[\s\S]*?(\n<!-- end of results -->)/
  save('README.md', readme.replace(marks, `$1${table}$2`))
}
