import test from 'ava'
import { inspect, native } from 'superslab'
import { type Mapping, mappings } from './support/process-memory.mjs'

const page = 4096n

test('inspect distinguishes a live block from an address inside it', (t) => {
  for (const size of [1, 100, 1024, 50_000, 200_000, 5_000_000]) {
    const address = native.malloc(size)
    const found = inspect(address)
    t.is(found.kind, 'live')
    t.is(found.block, address)
    t.is(found.usableSize, native.usableSize(address))
    t.true(found.stride >= found.usableSize)
    t.true(found.slab <= address)
    t.like(inspect(address + Math.floor(size / 2) + 1), { kind: 'inside', block: address })
    t.deepEqual(inspect(BigInt(address)), found)
    native.free(address)
  }
})

test('inspect distinguishes a freed block from a live one', (t) => {
  const address = native.malloc(100)
  native.free(address)
  const found = inspect(address)
  t.true(found.kind === 'cached' || found.kind === 'free', found.kind)
  t.is(found.block, address)
})

test("superslab's own addresses without a block are unused", (t) => {
  const { slab } = inspect(native.malloc(100))
  const superslabBytes = 2 ** 21
  const kinds = new Set<string>()
  for (let address = slab; address < slab + 64 * superslabBytes; address += superslabBytes)
    kinds.add(inspect(address).kind)
  t.true(kinds.has('unused'), [...kinds].join())
})

test("another allocator's memory is foreign where it can be read", (t) => {
  for (const name of ['[heap]', '[stack]']) {
    const mapping = mappings().find((one) => one.name === name && one.access.startsWith('rw'))
    t.truthy(mapping, name)
    if (mapping) t.like(inspect(mapping.end - 64n), { kind: 'foreign', block: 0, usableSize: 0 })
  }
})

test('inspect reports memory without access and does not touch it', (t) => {
  const isClosed = ({ access }: Mapping) => access.startsWith('---')
  const found = mappings()
    .filter(isClosed)
    .map(({ start }) => ({ start, kind: inspect(start).kind }))
  // The engine's own threads map and unmap meanwhile: an address without access before and after had none in between.
  const still = new Set(
    mappings()
      .filter(isClosed)
      .map(({ start }) => start),
  )
  const kinds = found.filter(({ start }) => still.has(start)).map(({ kind }) => kind)
  t.true(kinds.includes('no-access'))
  for (const kind of kinds) t.true(kind === 'no-access' || kind === 'unused', kind)
})

test('the page beside a guard page is foreign, the guard page is not', (t) => {
  const all = mappings()
  const index = all.findIndex(({ access, end }, i) => {
    const next = all[i + 1]
    return access.startsWith('---') && next?.start === end && next.access.startsWith('rw')
  })
  const guard = all[index]
  t.truthy(guard)
  if (!guard || inspect(guard.end).kind !== 'foreign') return
  t.is(inspect(guard.end - 1n).kind, 'no-access')
})

test('an unmapped address has no access', (t) => {
  const all = mappings()
  const gaps = all.slice(1).map(({ start }, i) => ({ end: start, start: all[i]?.end ?? start }))
  // The widest gap: another thread's new mapping will not lie in its middle.
  const gap = gaps.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a))
  t.true(gap.end - gap.start > 16n * page)
  t.is(inspect((gap.start + gap.end) / 2n).kind, 'no-access')
})

test('addresses outside of user space have no access', (t) => {
  const addresses = [0n, 1n, 2n ** 47n, 2n ** 48n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - page]
  for (const address of addresses) t.is(inspect(address).kind, 'no-access', address.toString(16))
})

test('inspect takes every number', (t) => {
  let state = 42n
  for (let i = 0; i < 20_000; i++) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    inspect(i % 2 === 0 ? state : state >> 17n)
  }
  t.pass()
})
