// npm run build:pgo: builds the core as it is shipped, with link-time optimisation, with a profile of deterministic
// workloads, and with both; tests the builds, and prints the gain of each in instructions and time. The compiler is CC,
// gcc or clang. Only the core is profiled: the workloads' own loops would gain more than the core, and no real program
// has them. The builds are in build/pgo.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { jobs } from './cmake.mjs'
import { root, step } from './run.mjs'

const usage = `usage: npm run build:pgo -- [--rounds N] [--only instructions|time] [--no-tests]
What the comparison measures is that of npm run bench:check.`

/** The profiled workloads; their seed is 42 by default. */
const training = [
  ...['128', '256', '512', '8192'].map((slots) => ['random-mixed', '--slots', slots]),
  ...['16', '64'].map((size) => ['random-mixed', '--size', size]),
  ['mid-large-mt'],
  ['mid-mt-gap'],
  ['handoff'],
].map((args) => [...args, '--seed', '42'])

const compiler = process.env.CC ?? 'cc'
const isClang = execFileSync(compiler, ['--version'], { encoding: 'utf8' }).includes('clang')
const folder = path.join(root, 'build/pgo')
const profiles = path.join(folder, 'profiles')
const profile = path.join(folder, 'core.profdata')

/** Several threads count at once, and code that no workload runs has no profile. */
const collect = isClang
  ? [`-fprofile-instr-generate=${profiles}/%p.profraw`]
  : ['-fprofile-generate', '-fprofile-update=atomic']
const use = isClang
  ? [
      `-fprofile-instr-use=${profile}`,
      '-Wno-profile-instr-unprofiled',
      '-Wno-profile-instr-out-of-date',
    ]
  : ['-fprofile-use', '-fprofile-partial-training', '-Wno-missing-profile']
const lto = isClang ? ['-flto=thin', '-fuse-ld=lld'] : ['-flto=auto']
const canLto = !isClang || spawnSync('ld.lld', ['--version']).status === 0

function options() {
  try {
    const { values } = parseArgs({
      allowNegative: true,
      options: {
        rounds: { type: 'string', default: '7' },
        only: { type: 'string' },
        tests: { type: 'boolean', default: true },
      },
    })
    return values
  } catch (error) {
    console.error(`${error.message}\n${usage}`)
    return process.exit(2)
  }
}

function built(name, flags, targets) {
  const directory = path.join(folder, name)
  const configure = ['-S', root, '-B', directory, `-DSUPERSLAB_CORE_FLAGS=${flags.join(';')}`]
  step(`${name}: configure`, 'cmake', configure)
  step(`${name}: build`, 'cmake', ['--build', directory, '--parallel', jobs, ...targets])
  return directory
}

const bench = ['--target', 'superslab-bench']

/** gcc writes its counts beside the objects, so the second build uses the same folder. */
function profiled(name, flags) {
  const directory = built(name, [...flags, ...collect], bench)
  mkdirSync(profiles, { recursive: true })
  for (const args of training)
    step(`${name}: ${args.join(' ')}`, path.join(directory, 'superslab-bench'), args)
  if (isClang) {
    const raw = readdirSync(profiles).map((file) => path.join(profiles, file))
    step(`${name}: profile`, 'llvm-profdata', ['merge', `--output=${profile}`, ...raw])
    rmSync(profiles, { recursive: true })
  }
  return built(name, [...flags, ...use], bench)
}

function tested(name, directory) {
  step(`${name}: build of the tests`, 'cmake', ['--build', directory, '--parallel', jobs])
  const labels = ['--label-regex', '^(unit|errors|misuse|threads)$']
  step(`${name}: tests`, 'ctest', ['--test-dir', directory, '--output-on-failure', ...labels])
}

const { rounds, only, tests } = options()
if (existsSync(folder)) rmSync(folder, { recursive: true })
const plain = built('plain', [], bench)
const candidates = {
  pgo: profiled('pgo', []),
  ...(canLto && { lto: built('lto', lto, bench), 'pgo-lto': profiled('pgo-lto', lto) }),
}
if (!canLto) console.error('lto: left out, for clang needs lld for it')
if (tests) for (const [name, directory] of Object.entries(candidates)) tested(name, directory)
for (const [name, directory] of Object.entries(candidates)) {
  console.log(`\n${name} beside the build that is shipped:`)
  const check = ['scripts/bench-check.mjs', plain, directory, '--rounds', rounds]
  // It reports regressions; the decision to ship is not this script's.
  spawnSync(process.execPath, only === undefined ? check : [...check, '--only', only], {
    cwd: root,
    stdio: 'inherit',
  })
}
