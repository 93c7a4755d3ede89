// npm run test:arm64: the C tests, the addon and the preload library for linux-arm64 on another processor: compiled by
// Debian's cross compilers (gcc-aarch64-linux-gnu, g++-aarch64-linux-gnu), run by qemu-user and an arm64 Node.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { buildPreset, presetVariable } from './cmake.mjs'
import { ctest } from './ctest.mjs'
import { nodeRelease } from './nodes.mjs'
import { root, step } from './run.mjs'

const emulator = presetVariable('arm64', 'CMAKE_CROSSCOMPILING_EMULATOR').split(';')

/** Tests that the emulator cannot run, or that would show nothing in it, by their names. */
const leftOut = {
  '^explorer/':
    'it explores the memory model of C11, the same on every processor, and takes minutes',
  '^preload/(pass_through|policy|spawn|statistics)$':
    'a program that starts one with the library preloaded would preload it into the emulator',
  '^threads/first_call$|/fork':
    'qemu 7.2 may hang in the child of a fork made beside other threads',
}

const directory = buildPreset('arm64', 'arm64')
for (const [names, reason] of Object.entries(leftOut)) console.log(`left out: ${names}: ${reason}`)
const exclude = ['--exclude-regex', Object.keys(leftOut).join('|')]
const { passed, failed, skipped } = ctest(directory, { options: exclude })
console.log(`arm64: passed ${passed}, failed ${failed}, skipped ${skipped}`)

step('prebuilds', process.execPath, ['scripts/prebuilds.mjs', '--arch', 'arm64', '--libc', 'glibc'])
const library = path.join(root, 'prebuilds', 'linux-arm64', 'libsuperslab.glibc.so')
const program = `
  const assert = require('node:assert')
  const { active, alloc, free, info, inspect, native, stats } = require(${JSON.stringify(root)})
  assert.strictEqual(process.arch, 'arm64')
  const buffer = alloc(100000).fill(7)
  free(buffer)
  assert.throws(() => free(buffer), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
  const block = native.realloc(native.malloc(3 << 20), 30 << 20)
  assert.strictEqual(inspect(block).kind, 'live')
  native.free(block)
  assert.throws(() => native.free(block), { code: /^ERR_SUPERSLAB_/ })
  assert.strictEqual(stats().heap.liveBlocks, 0)
  console.log(JSON.stringify([active, info().file]))
`

/** Runs the program in the arm64 Node; the addon is the one that was built for the package. */
function emulated(preload) {
  const [command, ...options] = emulator
  // The emulator is a program of this machine: the library is only for the program in it.
  const served = preload ? ['-E', `LD_PRELOAD=${library}`] : []
  const node = nodeRelease(22, 'arm64')
  const { stdout, stderr } = spawnSync(command, [...options, ...served, node, '-e', program], {
    encoding: 'utf8',
    env: { ...process.env, PREBUILDS_ONLY: '1' },
  })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

const addon = path.join(root, 'prebuilds', 'linux-arm64', 'superslab.glibc.node')
const results = { addon: emulated(false), preload: emulated(true) }
const expected = { addon: [false, addon], preload: [true, library] }
for (const [name, [active, file]] of Object.entries(results)) {
  const isRight = active === expected[name][0] && file === expected[name][1]
  console.log(`${isRight ? 'ok' : 'FAILED'}: ${name} in arm64 Node: active ${active}, ${file}`)
  if (!isRight) process.exitCode = 1
}
if (failed > 0) process.exitCode = 1
