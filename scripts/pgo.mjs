// npm run build:pgo: builds the core as it is shipped, with link-time optimisation, with a profile of deterministic
// workloads, and with both; tests the builds, and says what each gains in instructions and time. By the compiler in CC,
// gcc or clang. Of the core alone: the workloads' own loops gain more from a profile of themselves than the core does,
// and are nobody's program. What it builds lies in build/pgo.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { jobs } from './cmake.mjs'
import { root, step } from './run.mjs'

const usage = `usage: npm run build:pgo -- [--rounds N] [--only instructions|time] [--no-tests]
What the comparison measures is that of npm run bench:check.`

/** What the profile is of: the seed's default is 42. */
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

/** Several threads count at once; a profile of code that no workload runs is none. */
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

/** gcc keeps what it counted beside the objects, so the same folder is built again with it. */
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
  // What is worse is said there; whether to ship it is not for a script to say.
  spawnSync(process.execPath, only === undefined ? check : [...check, '--only', only], {
    cwd: root,
    stdio: 'inherit',
  })
}
