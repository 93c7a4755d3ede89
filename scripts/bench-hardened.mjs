// npm run bench:hardened: the hardened libraries beside others, in three tables: how many programs of a folder, each of
// which does one thing wrong, are stopped; how well the place of a block can be foretold; and the processor time of
// workloads over that of the system's malloc.
//
//   npm run bench:hardened -- --programs FOLDER --against hardened_malloc=/path/of/its/library.so
//
// FOLDER has the built programs of mimalloc-bench's bench/security, or others that print NOT_CAUGHT where nothing stopped
// them. A library may be followed by variables: NAME=LIBRARY,VARIABLE=VALUE.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { root } from './run.mjs'

const release = path.join(root, 'build/Release')
const timeLimitMs = 20_000 // a guard against hangs: a program that is stopped ends at once
const { values } = parseArgs({
  options: {
    programs: { type: 'string' },
    against: { type: 'string', multiple: true, default: [] },
    runs: { type: 'string', default: '5' },
    /** A row for each program. */
    each: { type: 'boolean', default: false },
    /** Processes for the table of the order. */
    processes: { type: 'string', default: '256' },
    /** One workload alone, by a part of its row's name. */
    workload: { type: 'string', default: '' },
    'no-order': { type: 'boolean', default: false },
    'no-times': { type: 'boolean', default: false },
  },
})

/** The eight of the seed workloads that differ in what they ask of an allocator. */
const workloads = [
  ['random-mixed'],
  ['random-mixed', '--size', '128'],
  ['random-mixed', '--size', '1024'],
  ['random-mixed', '--threads', '4'],
  ['mid-mt-gap'],
  ['mid-large-mt', '--threads', '2'],
  ['large'],
  ['handoff'],
]

const orderBytes = [64, 1000, 20_000]

function fail(message) {
  console.error(`bench:hardened: ${message}`)
  process.exit(2)
}

const allocators = [
  { name: 'system' },
  { name: 'superslab', library: path.join(release, 'libsuperslab.so') },
  { name: 'hardened 1', library: path.join(release, 'libsuperslab-hardened.so') },
  { name: 'hardened 2', library: path.join(release, 'libsuperslab-hardened2.so') },
  ...values.against.map((text) => {
    const [name, ...rest] = text.split('=')
    const [library, ...variables] = rest.join('=').split(',')
    if (!name || !library) fail(`--against takes NAME=LIBRARY, not ${text}`)
    const set = variables.map((one) => [one.replace(/=.*/s, ''), one.replace(/^[^=]*=/, '')])
    return { name, library: path.resolve(library), variables: Object.fromEntries(set) }
  }),
]
for (const { library } of allocators)
  if (library && !existsSync(library))
    fail(`there is no ${library}; npm run build makes superslab's`)

function environment({ library, variables }) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(LD_PRELOAD|SUPERSLAB_.*)$/.test(name),
  )
  return {
    ...Object.fromEntries(kept),
    SUPERSLAB_CHILDREN: 'all',
    ...variables,
    ...(library && { LD_PRELOAD: library }),
  }
}

let tables = 0

function row(cells) {
  return `| ${cells.join(' | ')} |`
}

/** Begins a table. */
function head(first) {
  if (tables++ > 0) console.log()
  console.log(row([first, ...allocators.map(({ name }) => name)]))
  console.log(`|---|${allocators.map(() => '--:').join('|')}|`)
}

// ---- the programs ----

function programsIn(folder) {
  const files = readdirSync(folder).map((name) => path.join(folder, name))
  return files.filter((file) => statSync(file).isFile() && isExecutable(file)).sort()
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Whether the program was stopped before it could say that it was not. */
async function isStopped(program, allocator) {
  const options = { env: environment(allocator), timeout: timeLimitMs, killSignal: 'SIGKILL' }
  const { stdout, stderr, killed } = await promisify(execFile)(program, [], options).catch(
    (error) => error,
  )
  if (/cannot be preloaded/.test(stderr)) fail(stderr)
  return !killed && !stdout.includes('NOT_CAUGHT')
}

async function comparePrograms(folder) {
  const programs = programsIn(folder)
  if (programs.length === 0) fail(`${folder} has no programs`)
  const stopped = allocators.map(() => 0)
  if (values.each) head('program')
  for (const program of programs) {
    const results = []
    for (const allocator of allocators) results.push(await isStopped(program, allocator))
    for (const [i, was] of results.entries()) stopped[i] += was ? 1 : 0
    if (values.each)
      console.log(row([path.basename(program), ...results.map((was) => (was ? 'stopped' : ''))]))
  }
  if (!values.each) head('programs')
  console.log(row([`stopped, of ${programs.length}`, ...stopped]))
}

// ---- the order of blocks ----

/** Of each process: the distance between two blocks, and the number of the allocation that gets a freed block. */
function orders(allocator, bytes, processes) {
  const args = ['order', String(bytes)]
  return Array.from({ length: processes }, () => {
    const { stdout, stderr, status } = spawnSync(path.join(release, 'superslab-calls'), args, {
      env: environment(allocator),
      encoding: 'utf8',
    })
    if (status !== 0 || /cannot be preloaded/.test(stderr)) fail(`${allocator.name}: ${stderr}`)
    return stdout.trim().split(' ').map(Number)
  })
}

/** Bits by which the likeliest value is hidden, at most those that this number of samples can show. */
function bits(numbers) {
  const counts = new Map()
  for (const one of numbers) counts.set(one, (counts.get(one) ?? 0) + 1)
  return Math.log2(numbers.length / Math.max(...counts.values())).toFixed(1)
}

function compareOrders(processes) {
  head(`order, ${processes} processes`)
  for (const bytes of orderBytes) {
    const found = allocators.map((allocator) => orders(allocator, bytes, processes))
    console.log(
      row([
        `bits of the next place, ${bytes} bytes`,
        ...found.map((all) => bits(all.map(([next]) => next))),
      ]),
    )
    const reuse = (all) =>
      median(all.map(([, reused]) => (reused === 0 ? Number.POSITIVE_INFINITY : reused)))
    const shown = found.map(reuse).map((one) => (Number.isFinite(one) ? one : '> 4096'))
    console.log(row([`allocations until reuse, ${bytes} bytes`, ...shown]))
  }
}

// ---- the times ----

/** Seconds of processor time of one run. */
function secondsOf(workload, allocator) {
  const text = execFileSync(
    path.join(release, 'superslab-bench'),
    [...workload, '--allocator', 'system'],
    { env: environment(allocator), encoding: 'utf8' },
  )
  const { cpuSeconds, library } = JSON.parse(text)
  // When it cannot preload, the dynamic linker only warns.
  if (allocator.library && realpathSync(library) !== realpathSync(allocator.library))
    fail(`${allocator.library} was not loaded`)
  return cpuSeconds
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median of the ratios within the rounds, in which the allocators take turns. */
function ratios(workload, rounds) {
  const all = allocators.map(() => [])
  for (let round = 0; round < rounds; round++) {
    const order = allocators.map((_, i) => (i + round) % allocators.length)
    const seconds = []
    for (const i of order) seconds[i] = secondsOf(workload, allocators[i])
    for (const [i, one] of seconds.entries()) all[i].push(one / seconds[0])
  }
  return all.map(median)
}

function compareTimes(rounds) {
  head(`processor time, ${rounds} rounds`)
  const columns = allocators.map(() => [])
  for (const workload of workloads.filter((one) => one.join(' ').includes(values.workload))) {
    const found = ratios(workload, rounds)
    for (const [i, one] of found.entries()) columns[i].push(one)
    console.log(row([workload.join(' '), ...found.map((one) => one.toFixed(2))]))
  }
  const mean = (list) => Math.exp(list.reduce((sum, one) => sum + Math.log(one), 0) / list.length)
  console.log(row(['geometric mean', ...columns.map((list) => mean(list).toFixed(2))]))
}

if (values.programs) await comparePrograms(path.resolve(values.programs))
if (!values['no-order']) compareOrders(Number(values.processes))
if (!values['no-times']) compareTimes(Number(values.runs))
