import test from 'ava'
import { native } from 'superslab'
import { fillMemory, readMemory } from './support/process-memory.mjs'

const edges = [
  0,
  1,
  15,
  16,
  17,
  1023,
  1024,
  1025,
  65535,
  65536,
  65537,
  2 ** 21,
  2 ** 21 + 1,
  2 ** 26,
]

test('malloc gives aligned blocks of the size of the request', (t) => {
  for (const size of edges) {
    const address = native.malloc(size)
    t.is(address % 16, 0, `${size}`)
    t.true(native.usableSize(address) >= size, `${size}`)
    native.free(address)
  }
})

test('a request of 0 gives a block of its own', (t) => {
  const [one, other] = [native.malloc(0), native.malloc(0)]
  t.not(one, other)
  native.free(one)
  native.free(other)
})

test('calloc gives zeroes where the bytes were used before', (t) => {
  for (const size of [24, 1000, 40_000, 3_000_000]) {
    const dirty = native.malloc(size)
    fillMemory(dirty, size, 0xa5)
    native.free(dirty)
    const address = native.calloc(size / 8, 8)
    t.true(
      readMemory(address, size).every((byte) => byte === 0),
      `${size}`,
    )
    native.free(address)
  }
})

test('realloc keeps the contents, whether it grows or shrinks', (t) => {
  let address = native.malloc(100)
  fillMemory(address, 100, 0x5a)
  for (const size of [200, 5000, 70_000, 3_000_000, 1000, 100]) {
    address = native.realloc(address, size)
    t.true(native.usableSize(address) >= size, `${size}`)
    t.true(
      readMemory(address, 100).every((byte) => byte === 0x5a),
      `${size}`,
    )
  }
  native.free(address)
})

test('realloc of address 0 is malloc', (t) => {
  const address = native.realloc(0, 64)
  t.true(native.usableSize(address) >= 64)
  native.free(address)
})

test('alignedAlloc aligns to every power of two', (t) => {
  for (let alignment = 1; alignment <= 2 ** 21; alignment *= 2) {
    for (const size of [1, alignment, 5000]) {
      const address = native.alignedAlloc(alignment, size)
      t.is(address % alignment, 0, `${size} bytes at ${alignment}`)
      t.true(native.usableSize(address) >= size)
      native.free(address)
    }
  }
})

test('freeSized frees when the size is right', (t) => {
  const address = native.malloc(300)
  t.notThrows(() => native.freeSized(address, 300))
})

test('goodSize is the usable size of the block', (t) => {
  for (const size of edges) {
    const address = native.malloc(size)
    t.is(native.usableSize(address), native.goodSize(size), `${size}`)
    native.free(address)
  }
})

test('address 0 is no block and no error', (t) => {
  t.notThrows(() => native.free(0))
  t.notThrows(() => native.freeSized(0, 10))
  t.is(native.usableSize(0), 0)
})
