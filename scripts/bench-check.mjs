// npm run bench:check -- BASE [CANDIDATE]: fails when a build is worse than another. A build is a commit, or a folder
// that holds the sources or a built superslab-bench. The candidate is this folder unless told.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { jobs } from './cmake.mjs'
import { judge, limits } from './regression.mjs'
import { root, step } from './run.mjs'

/** One thread, since the interaction of threads is no property of a build; few operations, since valgrind is slow. */
const counted = [
  ['random-mixed', '--ops', '200000'],
  ['random-mixed', '--ops', '200000', '--size', '16'],
  ['random-mixed', '--ops', '200000', '--size', '1024'],
  ['mid-mt-gap', '--ops', '100000', '--threads', '1'],
  ['mid-large-mt', '--ops', '50000', '--threads', '1'],
  ['large', '--ops', '20000'],
  ['ping-pong', '--ops', '200000'],
  ['burst', '--ops', '200000'],
]
/** Recorded programs of bench/recordings, which a module in dist prepares: `npm run build`. */
const recordings = path.join(root, 'bench/recordings')
const replayed = readdirSync(recordings).map((file) => ['replay', '--file', file])
const timed = [
  ['random-mixed'],
  ['random-mixed', '--size', '16'],
  ['random-mixed', '--size', '1024'],
  ['mid-mt-gap'],
  ['mid-large-mt', '--threads', '2'],
  ['large'],
  ['handoff'],
]

const usage = `usage: npm run bench:check -- BASE [CANDIDATE] [--rounds N] [--only instructions|time]
                                                    [--workload NAME]
BASE and CANDIDATE: a commit, or a folder with the sources or a built superslab-bench`

const temporary = mkdtempSync(path.join(tmpdir(), 'superslab-check-'))
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

function fail(message) {
  console.error(message)
  process.exit(2)
}

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: 'string', default: '7' },
        only: { type: 'string' },
        workload: { type: 'string' },
      },
    })
    const rounds = Number(values.rounds)
    const only = values.only
    if (positionals.length < 1 || positionals.length > 2) throw new Error('name one build or two')
    if (!Number.isInteger(rounds) || rounds < 5) throw new Error('--rounds: at least 5')
    if (![undefined, 'instructions', 'time'].includes(only)) throw new Error(`--only ${only}?`)
    const workload = values.workload
    if (
      workload !== undefined &&
      ![...counted, ...timed, ...replayed].some(([name]) => name === workload)
    )
      throw new Error(`--workload ${workload} is not among those that are measured`)
    return { base: positionals[0], candidate: positionals[1] ?? '.', rounds, only, workload }
  } catch (error) {
    return fail(`${error.message}\n${usage}`)
  }
}

// ---- builds ----

function program(build, name) {
  const built = [build, path.join(build, 'build', 'Release')].map((folder) =>
    path.resolve(folder, 'superslab-bench'),
  )
  const isSources = existsSync(path.join(build, 'CMakeLists.txt'))
  if (isSources) return compiled(path.resolve(build), name)
  return built.find((file) => existsSync(file)) ?? compiled(checkedOut(build, name), name)
}

/** A copy of a commit. */
function checkedOut(commit, name) {
  const folder = path.join(temporary, `${name}-sources`)
  const found = spawnSync('git', ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`], {
    cwd: root,
  })
  if (found.status !== 0) fail(`${commit} is neither a folder with a build nor a commit`)
  step(`${name}: ${commit}`, 'git', ['worktree', 'add', '--detach', folder, commit])
  process.on('exit', () =>
    spawnSync('git', ['worktree', 'remove', '--force', folder], { cwd: root }),
  )
  return folder
}

function compiled(sources, name) {
  const folder = path.join(temporary, name)
  const configure = ['-S', sources, '-B', folder, '-DBUILD_TESTING=OFF']
  step(`${name}: configure`, 'cmake', configure)
  const target = ['--target', 'superslab-bench', '--parallel', jobs]
  step(`${name}: build`, 'cmake', ['--build', folder, ...target])
  return path.join(folder, 'superslab-bench')
}

// ---- measurements ----

function run(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Without randomisation of addresses: counts of two runs differ by a few hundred. */
function instructions(file, args) {
  const out = path.join(temporary, 'callgrind.out')
  const tool = ['valgrind', '--tool=callgrind', `--callgrind-out-file=${out}`]
  run('setarch', ['-R', ...tool, file, ...args, '--allocator', 'superslab'])
  return Number(readFileSync(out, 'utf8').match(/^(?:summary|totals): (\d+)/m)?.[1])
}

function timing(file, args) {
  return JSON.parse(run(file, [...args, '--allocator', 'superslab']))
}

/** Measures each build once per round, in the opposite order in every other round. */
function rounds(count, programs, measure) {
  return Array.from({ length: count }, (_, round) => {
    const order = round % 2 === 0 ? [0, 1] : [1, 0]
    const pair = []
    for (const which of order) pair[which] = measure(programs[which])
    return pair
  })
}

/** The recordings that both builds can replay, with the files that superslab-bench reads. */
function prepared(programs) {
  const knows = programs.every((file) => JSON.parse(run(file, ['--list'])).some(isReplay))
  const reader = path.join(root, 'dist/cli/bench/inputs.js')
  if (!knows || !existsSync(reader)) {
    console.log(
      `recordings are left out: ${knows ? 'npm run build first' : 'a build cannot replay'}`,
    )
    return []
  }
  const { prepareReplay } = createRequire(import.meta.url)(reader)
  return replayed.map(([workload, option, name]) => {
    const input = path.join(temporary, name)
    prepareReplay(path.join(recordings, name), input)
    return { label: `${workload} ${name}`, args: [workload, option, input] }
  })
}

function isReplay({ name }) {
  return name === 'replay'
}

// ---- results ----

let regressions = 0

function report(label, unit, { base, candidate, ratio, noise, verdict }) {
  const shown = (value) => Number(value.toPrecision(4)).toLocaleString('en')
  const off = noise > 0 ? ` ±${noise.toFixed(3)}` : ''
  const figures = `${shown(base)} → ${shown(candidate)} ${unit}`
  console.log(`${verdict.padEnd(5)}  ${ratio.toFixed(3)}${off}  ${label}: ${figures}`)
  if (verdict === 'worse') regressions++
}

const { base, candidate, rounds: count, only, workload } = options()
const isWanted = ([name]) => workload === undefined || name === workload
const programs = [program(base, 'base'), program(candidate, 'candidate')]
const named = (args) => ({ label: args.join(' '), args })
const recorded = isWanted(['replay']) ? prepared(programs) : []

if (only !== 'time') {
  if (spawnSync('valgrind', ['--version']).status !== 0)
    fail('instructions are counted by valgrind, which is not installed; or say --only time')
  const once = recorded.map(({ label, args }) => ({ label, args: [...args, '--ops', '300000'] }))
  for (const { label, args } of [...counted.filter(isWanted).map(named), ...once]) {
    const pair = programs.map((file) => instructions(file, args) / 1e6)
    report(label, 'million instructions', judge([pair], limits.instructions))
  }
}
if (only !== 'instructions')
  for (const { label, args } of [...timed.filter(isWanted).map(named), ...recorded]) {
    const pairs = rounds(count, programs, (file) => timing(file, args))
    const of = (key, scale) => pairs.map((pair) => pair.map((one) => one[key] * scale))
    report(label, 'ms', judge(of('seconds', 1e3), limits.seconds))
    report(label, 'MiB peak RSS', judge(of('peakRssBytes', 2 ** -20), limits.peakRssBytes))
  }

console.log(regressions > 0 ? `${regressions} regressions` : 'no regression')
process.exitCode = regressions > 0 ? 1 : 0
