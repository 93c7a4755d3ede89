import { createRequire } from 'node:module'
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
