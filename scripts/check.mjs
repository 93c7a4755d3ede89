// npm run check: form, types, lint and binaries. Every check runs, also after one that failed.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { configurePreset } from './cmake.mjs'
import { runs, tool } from './run.mjs'
import { nativeSources } from './sources.mjs'

const node = process.execPath
const tsc = tool('typescript/bin/tsc')
const checks = {
  'C and C++ format': [tool('clang-format/index.js'), '--dry-run', '--Werror', ...nativeSources()],
  'TypeScript and JavaScript': [tool('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '.'],
  'types of lib': [tsc, '--noEmit', '--project', '.'],
  'types of test': [tsc, '--noEmit', '--project', 'test'],
  binaries: ['scripts/check-binaries.mjs'],
}

for (const [title, args] of Object.entries(checks)) report(title, runs(node, args))
lint()

function report(title, succeeded) {
  console.log(`${succeeded ? 'ok' : 'FAILED'}: ${title}`)
  if (!succeeded) process.exitCode = 1
}

/**
 * What .clang-tidy asks for, of the core, the platform's files and the preload library as they are shipped. In CI the
 * check must not be left out, so that there a missing clang-tidy fails.
 */
function lint() {
  if (process.platform !== 'linux') {
    console.log('skipped: clang-tidy: this is not Linux')
    return
  }
  if (spawnSync('clang-tidy', ['--version']).status !== 0) {
    if (process.env.CI) report('clang-tidy: it is not installed', false)
    else console.log('skipped: clang-tidy: it is not installed')
    return
  }
  const { core, os, preload } = createRequire(import.meta.url)('../native/sources.json')
  const options = ['-p', configurePreset('clang-tidy', 'release'), '--quiet']
  // The C library's declarations name their parameters as they like.
  const named = '--checks=-readability-inconsistent-declaration-parameter-name'
  const passed = [
    runs('clang-tidy', [...options, ...core, ...os.linux]),
    runs('clang-tidy', [...options, named, ...preload.linux]),
  ]
  report('clang-tidy', passed.every(Boolean))
}
