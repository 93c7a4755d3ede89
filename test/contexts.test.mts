import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

/** Loads the package in a context of vm, as test runners do: its files again, Node's modules from outside. */
const loader = `
const { readFileSync } = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')
const dist = ${JSON.stringify(path.resolve('dist'))}

function loadIn(context, name = 'index') {
  const modules = new Map()
  function load(file) {
    if (modules.has(file)) return modules.get(file).exports
    const module = { exports: vm.runInContext('({})', context) }
    modules.set(file, module)
    const body = '(function (exports, require, module, __filename, __dirname) {' + readFileSync(file) + '\\n})'
    const inner = (wanted) => {
      if (!wanted.startsWith('.')) return require(wanted)
      const found = path.resolve(path.dirname(file), wanted)
      return load(found.endsWith('.js') ? found : found + '.js')
    }
    const run = vm.runInContext(body, context, { filename: file })
    run(module.exports, inner, module, file, path.dirname(file))
    return module.exports
  }
  return load(path.join(dist, name + '.js'))
}

function makeContext() {
  return vm.createContext({ process, Buffer, performance, console, setImmediate, gc })
}
`

async function run(program: string): Promise<string> {
  const args = ['--expose-gc', '--eval', `${loader}\n${program}`]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return stdout
}

const uses = `
  const superslab = loadIn(context)
  for (const size of [0, 100, 5000, 70_000]) superslab.free(superslab.alloc(size).fill(1))
`
const count = (use: string, before = '') => `
${before}
const alive = []
function once() {
  const context = makeContext()
  ${use}
  alive.push(new WeakRef(context))
}
;(async () => {
  for (let i = 0; i < 30; i++) {
    once()
    await new Promise(setImmediate)
  }
  for (let i = 0; i < 5; i++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  // The engine may still keep the last context.
  console.log(alive.filter((reference) => reference.deref() !== undefined).length <= 1)
  const { heap } = require('superslab').stats()
  console.log(heap.liveBlocks, heap.isolates <= 2, heap.windows)
})()`

test('a context that used Buffers is collected, and its cached blocks go back to the window', async (t) => {
  t.is(await run(count(uses)), 'true\n0 true 1\n')
})

test('the same after the package was loaded outside', async (t) => {
  const before = "const { alloc, free } = require('superslab'); free(alloc(100))"
  t.is(await run(count(uses, before)), 'true\n0 true 1\n')
})

test('the same when it watched its Buffers, which are freed', async (t) => {
  const watching = `
    const superslab = loadIn(context)
    superslab.watch({ track: true, collect: true })
    for (let i = 0; i < 10; i++) superslab.alloc(1000)`
  t.is(await run(count(watching)), 'true\n0 true 1\n')
})

test('errors are of the classes of the context that loaded the package', async (t) => {
  const program = `
    const context = makeContext()
    context.superslab = loadIn(context)
    context.raw = loadIn(context, 'raw')
    console.log(vm.runInContext(\`
      const wrong = [
        () => superslab.alloc('1'),
        () => superslab.alloc(-1),
        () => superslab.free(5),
        () => superslab.native.malloc('1'),
        () => superslab.native.malloc(-1),
        () => superslab.native.alignedAlloc(3, 16),
        () => superslab.inspect('1'),
        () => superslab.inspect(-1),
        () => superslab.native.free(1),
        () => superslab.alloc(2 ** 40),
        () => superslab.prewarm(16, -1),
        () => superslab.watch(),
        () => raw.heap.calloc(-4, -4),
      ]
      const found = wrong.map((call) => {
        try { call() } catch (error) {
          return error instanceof Error && typeof error.code === 'string' &&
            (error.code !== 'ERR_INVALID_ARG_TYPE' || error instanceof TypeError) &&
            (error.code !== 'ERR_OUT_OF_RANGE' || error instanceof RangeError)
        }
      })
      String(found.every((right) => right) || found)\`, context))`
  t.is(await run(program), 'true\n')
})
