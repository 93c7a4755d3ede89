// npm run test:package: packs the package, installs it into an empty folder without running scripts, and tests it there,
// on this Node and with each package manager. npm run test:matrix: the same on the releases of Node that are supported.
import { spawnSync } from 'node:child_process'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { ava } from './ava.mjs'
import { build } from './build.mjs'
import { nodeRelease } from './nodes.mjs'
import { emptyProject, pack } from './pack.mjs'
import { npm, root } from './run.mjs'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string' },
    bun: { type: 'boolean', default: false },
    /** A tarball that was packed elsewhere, with the binaries of every platform. */
    tarball: { type: 'string' },
  },
})
/**
 * Packed, the binaries of each of six systems take about 670 KiB, the hardened libraries of each of the four with Linux
 * 260 KiB, and all else 500 KiB: 5.5 MiB.
 */
const LIMIT_BYTES = 6 << 20

/** Packages for the tests: dependencies of the examples, bundlers, and a linter of Dockerfiles. */
const others = ['express@5', 'esbuild@0.25', 'webpack@5', 'dockerfilelint@1']

/** A test with one thread of the parts that work in Bun. */
const bunProgram = `
  const assert = require('node:assert')
  const { alloc, free, inspect, native, Scope, stats } = require('superslab')
  const { heap } = require('superslab/raw')
  const buffer = alloc(1000).fill(1)
  free(buffer)
  assert.throws(() => free(buffer), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
  const block = native.malloc(100)
  assert.strictEqual(inspect(block).kind, 'live')
  native.free(block)
  assert.strictEqual(Scope.run((scope) => scope.alloc(65536).length), 65536)
  heap.free(heap.malloc(10))
  assert.strictEqual(stats().heap.liveBlocks, 0)
  console.log('bun', Bun.version)`

function testBun(installed) {
  const name = `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`
  npm(['install', '--ignore-scripts', '--no-save', name], installed)
  const bun = path.join(installed, 'node_modules', name, 'bin', 'bun')
  const file = path.join(installed, 'bun.cjs')
  writeFileSync(file, bunProgram)
  const { stdout, stderr, status } = spawnSync(bun, [file], { encoding: 'utf8' })
  console.log(status === 0 ? `package on ${stdout.trim()}: works` : `package on bun: ${stderr}`)
  if (status !== 0) process.exitCode = 1
}

build()
const folder = path.join(root, 'build', 'package')
rmSync(folder, { recursive: true, force: true })
const installed = path.join(folder, 'installed')
emptyProject(installed)
const tarball = values.tarball ? path.resolve(values.tarball) : pack(folder)
const bytes = statSync(tarball).size
console.log(`${path.basename(tarball)}: ${(bytes / 1024).toFixed(0)} KiB`)
if (bytes > LIMIT_BYTES) throw new Error(`the tarball is larger than ${LIMIT_BYTES} bytes`)
npm(['install', '--ignore-scripts', tarball, ...others], installed)

const majors = values.nodes?.split(',') ?? []
const nodes = majors.length > 0 ? majors.map((major) => nodeRelease(major)) : [process.execPath]
for (const node of nodes) {
  const env = { TEST_PACKAGE: installed, TEST_TARBALL: tarball, TEST_NODE: node }
  // The managers are tested once, because the release of Node makes no difference to them.
  const files = ['build/test/shipped.test.mjs', 'build/test/commands.test.mjs']
  if (node === nodes[0]) files.push('build/test/managers.test.mjs')
  const { passed, failed } = ava(files, env)
  console.log(`package on ${node}: passed ${passed}, failed ${failed}`)
  if (failed > 0) process.exitCode = 1
}
if (values.bun) testBun(installed)
