// npm run fuzz -- --seconds N: sequences of calls found by libFuzzer, checked against a shadow, under
// AddressSanitizer. New inputs stay in build/; --keep merges those that reach new code into the corpus. --hardened 1 or 2
// fuzzes the core with that level of checks.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { buildPreset } from './cmake.mjs'
import { root, runs, step } from './run.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    keep: { type: 'boolean', default: false },
    hardened: { type: 'string', default: '0' },
  },
})
if (!/^[012]$/.test(values.hardened)) {
  console.error('fuzz: --hardened takes 1 or 2')
  process.exit(2)
}
const corpus = 'native/test/fuzz/corpus'

installClang()
const builds = {
  0: () => buildPreset('fuzz target', 'fuzz'),
  1: () => buildPreset('fuzz target', 'fuzz-hardened'),
  2: () => buildPreset('fuzz target', 'fuzz-hardened2'),
}
const directory = builds[values.hardened]()
const found = path.join(directory, 'found')
mkdirSync(path.join(root, found), { recursive: true })
const fuzzer = path.join(root, directory, 'native/test/superslab-fuzz')
const limits = [
  `-max_total_time=${values.seconds}`,
  '-max_len=4096',
  '-timeout=30',
  '-rss_limit_mb=4096',
]
const shown = [
  '-print_final_stats=1',
  '-verbosity=0',
  '-len_control=0',
  `-artifact_prefix=${directory}/`,
]
// The target itself counts leaks; the leak checker does not know superslab's memory.
const env = { ASAN_OPTIONS: 'detect_leaks=0' }
const clean = runs(fuzzer, [...limits, ...shown, found, corpus], env)
if (clean && values.keep) runs(fuzzer, ['-merge=1', corpus, found], env)
process.exitCode = clean ? 0 : 1

/** libFuzzer comes with clang. Where clang is missing and cannot be installed, the script says so and ends. */
function installClang() {
  if (hasLibFuzzer()) return
  const apt = spawnSync('apt-get', ['--version']).status === 0
  if (apt && process.getuid?.() === 0) {
    step('package lists', 'apt-get', ['update', '-qq'])
    step('clang', 'apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'clang'])
    const llvm = spawnSync('clang', ['-dumpversion'], { encoding: 'utf8' }).stdout.split('.')[0]
    if (!hasLibFuzzer())
      step('libFuzzer', 'apt-get', ['install', '-y', '-qq', `libclang-rt-${llvm}-dev`])
  }
  if (hasLibFuzzer()) return
  console.log('skipped: no clang with libFuzzer here, and none could be installed')
  process.exit(0)
}

function hasLibFuzzer() {
  const source =
    'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n; }'
  const args = ['-x', 'c', '-fsanitize=fuzzer,address', '-', '-o', '/dev/null']
  return spawnSync('clang', args, { input: source }).status === 0
}
