// superslab_node.h: the example of an addon, as it is and as one that was built for another version.
import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

const folder = mkdtempSync(path.join(tmpdir(), 'superslab-addon-'))
test.after.always(() => rmSync(folder, { recursive: true }))

const warnings = ['-pedantic', '-Wall', '-Wextra', '-Werror']
const linked = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []
const include = ['native/include', 'node_modules/node-api-headers/include'].flatMap((place) => [
  '-I',
  path.resolve(place),
])

function compile(name: string, ...definitions: string[]): string {
  const file = path.join(folder, `${name}.node`)
  const source = path.resolve('examples/native-addon/histogram.c')
  execFileSync(process.env.CC ?? 'cc', [
    ...['-std=c11', '-Wstrict-prototypes', ...warnings, '-shared', '-fPIC', '-DNAPI_VERSION=8'],
    ...[...definitions, ...include, '-o', file, source, ...linked],
  ])
  return file
}

/** The addon of the tests, in C++. */
function compileThread(): string {
  const file = path.join(folder, 'outlives.node')
  execFileSync(process.env.CXX ?? 'c++', [
    ...['-std=c++17', ...warnings, '-shared', '-fPIC', '-pthread', '-DNAPI_VERSION=8', ...include],
    ...['-o', file, path.resolve('native/test/addon/outlives.cc'), ...linked],
  ])
  return file
}

const addon = compile('histogram')
const entry = path.resolve('dist/index.js')

async function run(code: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code])
  return stdout.trim()
}

/** The error of `count` after the code before it. */
function failure(before: string, file = addon): Promise<string> {
  return run(`${before}
    const { count } = require(${JSON.stringify(file)})
    try { count(Buffer.from('x')); console.log('nothing') } catch (error) { console.log(error.code) }`)
}

test('an addon shares the heap: either side frees', async (t) => {
  const code = `const { native, stats, inspect } = require(${JSON.stringify(entry)})
    const { at, count } = require(${JSON.stringify(addon)})
    const counts = count(Buffer.from('superslab'))
    console.log(at(counts, 115), inspect(counts).kind, stats().liveBlocks)
    native.free(counts)
    console.log(stats().liveBlocks)
    try { at(counts, 115) } catch (error) { console.log(error.message) }
    try { at(8, 115) } catch (error) { console.log(error.message) }`
  t.is(await run(code), '2 live 1\n0\ndouble free\nunknown pointer')
})

test('an addon gets an error when the package is not loaded or another object is in its place', async (t) => {
  t.is(await failure(''), 'ERR_SUPERSLAB_LOAD_FAILED')
  t.is(await failure("globalThis['superslab.functions'] = {}"), 'ERR_SUPERSLAB_LOAD_FAILED')
  t.is(await failure("globalThis['superslab.functions'] = 1"), 'ERR_SUPERSLAB_LOAD_FAILED')
})

test('an addon gets an error when it was built for another version', async (t) => {
  const other = compile('other', '-DSUPERSLAB_ABI=99')
  t.is(await failure(`require(${JSON.stringify(entry)})`, other), 'ERR_SUPERSLAB_INCOMPATIBLE_COPY')
  t.is(await failure(`require(${JSON.stringify(entry)})`), 'nothing')
})

test('in a worker an addon uses the package loaded there', async (t) => {
  const code = `const { Worker } = require('node:worker_threads')
    const { native } = require(${JSON.stringify(entry)})
    const { at } = require(${JSON.stringify(addon)})
    const inWorker = \`
      const { parentPort } = require('node:worker_threads')
      const { count } = require(${JSON.stringify(addon)})
      const codes = []
      try { count(Buffer.from('aab')) } catch (error) { codes.push(error.code) }
      require(${JSON.stringify(entry)})
      parentPort.postMessage({ codes, counts: count(Buffer.from('aab')) })\`
    new Worker(inWorker, { eval: true }).once('message', ({ codes, counts }) => {
      console.log(codes.join(), at(counts, 97))
      native.free(counts)
    })`
  t.is(await run(code), 'ERR_SUPERSLAB_LOAD_FAILED 2')
})

test('two copies of the package leave one table', async (t) => {
  const copy = path.join(folder, 'copy.node')
  copyFileSync('build/Release/superslab.node', copy)
  const code = `require(${JSON.stringify(copy)})
    const { native } = require(${JSON.stringify(entry)})
    native.free(require(${JSON.stringify(addon)}).count(Buffer.from('x')))
    console.log('freed', Object.keys(globalThis).includes('superslab.functions'))`
  t.is(await run(code), 'freed false')
})

test('a native thread uses and frees a block of a worker that has ended', async (t) => {
  const program = fileURLToPath(new URL('programs/native-thread.mjs', import.meta.url))
  await t.notThrowsAsync(promisify(execFile)(process.execPath, [program, compileThread()]))
})
