import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { version } from 'superslab'
import { contestants, preloadedForm } from '#dist/cli/bench/allocators'

interface Output {
  stdout: string
  stderr: string
  code?: number
}

const main = path.resolve('dist/cli/main.js')

function superslab(...args: string[]): Promise<Output> {
  return promisify(execFile)(process.execPath, [main, ...args]).catch((error) => error)
}

const forms = contestants([], preloadedForm()).map(({ name }) => name)
const few = ['--ops', '2000', '--ws', '64']
const workloads = [
  ...['random-mixed', 'mid-mt-gap', 'mid-large-mt', 'mid-large-shared', 'large', 'handoff'],
  ...['handoff-pairs', 'churn', 'ping-pong', 'burst', 'interleaved'],
]

for (const workload of workloads)
  test(`bench ${workload} compares with the system's malloc`, async (t) => {
    const { stdout, stderr, code } = await superslab('bench', workload, ...few)
    t.is(code, undefined, stderr)
    t.regex(stdout, new RegExp(`^${workload}.* superslab .*(faster|slower|tie) .* MiB`, 'm'))
    t.regex(stdout, /Medians of 5 interleaved rounds/)
    t.is(stderr, '')
  })

test('bench handoff ends on more threads than there are processors', async (t) => {
  const threads = ['--threads', '4,8', '--ops', '20000', '--ws', '64']
  const { code, stderr } = await superslab('bench', 'handoff', ...threads)
  t.is(code, undefined, stderr)
})

test('bench seed runs all seed workloads', async (t) => {
  const { stdout } = await superslab('bench', 'seed', ...few)
  t.is(stdout.match(/ superslab .* MiB/g)?.length, 12)
})

test('bench properties runs its workloads', async (t) => {
  const { stdout, stderr } = await superslab('bench', 'properties', ...few)
  t.is(stdout.match(/ superslab .* MiB/g)?.length, 9, stderr)
})

test('CSV and JSON have every measurement, with machine and build', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [csv, json] = ['x.csv', 'x.json'].map((name) => path.join(folder, name)) as [string, string]
  const threads = ['--threads', '1,2', '--size', '16-64', '--seed', '7', '--runs', '6']
  await superslab('bench', 'random-mixed', ...few, ...threads, '--csv', csv, '--json', json)

  const [head = '', ...rows] = readFileSync(csv, 'utf8').trim().split('\n')
  t.is(rows.length, 2 * forms.length * 6)
  const columns = ['case', 'round', 'allocator', 'seconds', 'peakRssBytes', 'compiler', 'flags']
  for (const column of [...columns, 'cpu', 'kernel', 'libc', 'node', 'superslab', 'commit'])
    t.true(head.split(',').includes(column), column)

  const { environment, comparisons, cases } = JSON.parse(readFileSync(json, 'utf8'))
  t.is(environment.superslab, version)
  t.regex(environment.flags, /-O3/)
  t.is(comparisons.length, 2 * (forms.length - 1))
  t.deepEqual(Object.keys(cases[1].measurements), forms)
  t.like(cases[1].measurements.superslab[5], { threads: 2, seed: 7, sizeMin: 16, sizeMax: 64 })
})

test('CSV and JSON on the standard output come alone', async (t) => {
  const { stdout, stderr } = await superslab('bench', 'burst', ...few, '--json', '-')
  t.is(JSON.parse(stdout).cases.length, 1)
  t.regex(stderr, /Medians/)
})

test('routes are counted in the trace build', async (t) => {
  const { stdout } = await superslab('bench', 'random-mixed', '--ops', '200000', '--routes')
  t.regex(stdout, /^malloc hit +[\d,]+ +\d+\.\d+ %$/m)
  t.regex(stdout, /^guarded read +0 *$/m)
  const percent = Number(stdout.match(/frees through the header: ([\d.]+) %/)?.[1])
  t.true(percent >= 99.9, `${percent}`)
})

test('the workloads also run inside the process', async (t) => {
  const { stdout, stderr, code } = await superslab('bench', 'interleaved', ...few, '--in-process')
  t.is(code, undefined, stderr)
  t.regex(stdout, /^interleaved +superslab .*(faster|slower|tie)/m)
  t.notRegex(stdout, /peak RSS/)
})

test('a workload that needs a program of its own is refused inside the process', async (t) => {
  const { stderr, code } = await superslab('bench', 'start', ...few, '--in-process')
  t.is(code, 1)
  t.regex(stderr, /starts superslab-bench again, which is not the program here/)
})

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux("a library that does not serve malloc is not measured in the system's name", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const library = path.join(folder, 'nothing.so')
  writeFileSync(library, 'not a library')
  const { stderr, code } = await superslab('bench', 'burst', ...few, '--against', library)
  t.is(code, 1)
  t.true(stderr.includes(`${library} was not loaded`))
})

test('wrong options are errors with an exit code', async (t) => {
  const wrong = [
    ['bench', 'nothing'],
    ['bench', 'burst', '--runs', '4'],
    ['bench', 'burst', '--ops', '0'],
    ['bench', 'burst', '--size', '64-16'],
    ['bench', 'burst', '--threads', '1,x'],
    ['bench', 'burst', '--against', 'nothing'],
    ['bench', 'handoff', '--threads', '3'],
  ]
  for (const args of wrong) {
    const { stdout, stderr, code } = await superslab(...args)
    t.is(code, 1, args.join(' '))
    t.is(stdout, '')
    t.true(stderr.length > 0)
    t.notRegex(stderr, /^ +at /m)
  }
})

test('include prints the folder of superslab.h', async (t) => {
  const { stdout } = await superslab('include')
  t.true(existsSync(path.join(stdout.trim(), 'superslab.h')))
})

test('the help of every command fits 80 columns', async (t) => {
  const { stdout } = await superslab('--help')
  const names = [...stdout.matchAll(/^ {2}(\w+)\b/gm)].map(([, name = '']) => name)
  const commands = names.filter((name) => name !== 'help')
  t.true(commands.length >= 8)
  for (const command of commands)
    for (const line of (await superslab(command, '--help')).stdout.split('\n'))
      t.true(line.length <= 80, `${command}: ${line}`)
})

test('--version is the package version', async (t) => {
  t.is((await superslab('--version')).stdout.trim(), version)
})
