import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import test from 'ava'
import * as imported from 'superslab'

const required = createRequire(import.meta.url)('superslab') as typeof imported

test('both module systems have the same names', (t) => {
  const added = ['__esModule', 'module.exports']
  const names = (module: object) => Object.keys(module).filter((name) => !added.includes(name))
  t.deepEqual(names(imported).toSorted(), names(required).toSorted())
})

test('both module systems share one instance', (t) => {
  t.is(imported.SuperslabError, required.SuperslabError)
  t.is(imported.native.malloc, required.native.malloc)
  const address = imported.native.malloc(64)
  required.native.free(address)
  t.throws(() => imported.native.free(address), { instanceOf: required.SuperslabError })
})

test('the public names are these', (t) => {
  const names = [
    'HeapFullError',
    'Pool',
    'Scope',
    'SuperslabError',
    'active',
    'address',
    'alloc',
    'allocZeroed',
    'asBuffer',
    'codes',
    'free',
    'info',
    'inspect',
    'leaks',
    'native',
    'onPressure',
    'pin',
    'prewarm',
    'realloc',
    'stats',
    'toOwned',
    'trim',
    'usableSize',
    'version',
    'watch',
  ]
  t.deepEqual(Object.keys(required).toSorted(), names)
})

/** The output of a program that requires the package; its function `opened` tells whether there is a window. */
async function printed(program: string): Promise<string> {
  const there = `const opened = () => Symbol.for('superslab.instance.1') in globalThis`
  const args = ['--eval', `${there}; ${program}`]
  return (await promisify(execFile)(process.execPath, args)).stdout.trim()
}

test('exports that need no window open none and load no modules for one', async (t) => {
  const used = `const { active, codes, info, inspect, native, stats, trim } = require('superslab')
    native.free(native.malloc(10)); inspect(0); stats(); trim(); info()`
  const loaded = `process.moduleLoadList.includes('NativeModule worker_threads')`
  t.is(await printed(`${used}; console.log(opened(), ${loaded})`), 'false false')
})

for (const name of ['address', 'alloc', 'free', 'leaks', 'pin', 'Pool', 'Scope', 'watch'])
  test(`the window is there when ${name} is read`, async (t) => {
    t.is(await printed(`require('superslab').${name}; console.log(opened())`), 'true')
  })

test('the window is there at once for workers that are made before a Buffer is', async (t) => {
  const first = `const { Worker } = require('node:worker_threads'); require('superslab')`
  t.is(await printed(`${first}; console.log(opened())`), 'true')
})
