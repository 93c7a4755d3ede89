import test from 'ava'
import {
  address,
  alloc,
  asBuffer,
  free,
  inspect,
  leaks,
  native,
  Pool,
  pin,
  prewarm,
  realloc,
  Scope,
  type SuperslabError,
  stats,
  toOwned,
  usableSize,
  watch,
} from 'superslab'
import { collectMetrics } from 'superslab/metrics'
import { heap } from 'superslab/raw'

type Call = (...values: unknown[]) => unknown

/** Each function with valid arguments. With one of them replaced by a wrong one, no call allocates. */
const functions: Record<string, { call: Call; good: number[] }> = {
  malloc: { call: native.malloc as Call, good: [1] },
  calloc: { call: native.calloc as Call, good: [1, 1] },
  alignedAlloc: { call: native.alignedAlloc as Call, good: [16, 1] },
  realloc: { call: native.realloc as Call, good: [0, 1] },
  free: { call: native.free as Call, good: [0] },
  freeSized: { call: native.freeSized as Call, good: [0, 1] },
  usableSize: { call: native.usableSize as Call, good: [0] },
  goodSize: { call: native.goodSize as Call, good: [1] },
  prewarm: { call: prewarm as Call, good: [1, 1] },
}

const wrongTypes = [undefined, null, '16', true, 16n, {}, [], Symbol('16'), () => 16]
const outOfRange = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)]

for (const [name, { call, good }] of Object.entries(functions)) {
  test(`${name} refuses values that are not numbers`, (t) => {
    const before = stats().liveBlocks
    for (const position of good.keys())
      for (const wrong of wrongTypes) {
        const error = t.throws(() => call(...good.with(position, wrong as number)), {
          instanceOf: TypeError,
        })
        t.like(error, { code: 'ERR_INVALID_ARG_TYPE' })
      }
    t.is(stats().liveBlocks, before)
  })

  test(`${name} refuses numbers that are no sizes`, (t) => {
    const before = stats().liveBlocks
    for (const position of good.keys())
      for (const wrong of outOfRange) {
        const error = t.throws(() => call(...good.with(position, wrong)), {
          instanceOf: RangeError,
        })
        t.like(error, { code: 'ERR_OUT_OF_RANGE' })
      }
    t.is(stats().liveBlocks, before)
  })

  test(`${name} refuses to be called without arguments`, (t) => {
    t.like(
      t.throws(() => call(), { instanceOf: TypeError }),
      { code: 'ERR_INVALID_ARG_TYPE' },
    )
  })
}

test('alignedAlloc refuses an alignment that is no power of two', (t) => {
  for (const alignment of [0, 3, 24, 2 ** 40 + 1]) {
    const error = t.throws(() => native.alignedAlloc(alignment, 64), { instanceOf: RangeError })
    t.like(error, { code: 'ERR_OUT_OF_RANGE' })
  }
})

test('inspect takes a bigint of at most 64 bits', (t) => {
  for (const wrong of [undefined, '16', {}]) {
    const error = t.throws(() => inspect(wrong as never), { instanceOf: TypeError })
    t.like(error, { code: 'ERR_INVALID_ARG_TYPE' })
  }
  for (const wrong of [-1, 0.5, 2 ** 53, -1n, 2n ** 64n]) {
    const error = t.throws(() => inspect(wrong), { instanceOf: RangeError })
    t.like(error, { code: 'ERR_OUT_OF_RANGE' })
  }
})

/** Wrong arguments of the functions of Buffers, with the code of the error. */
const wrongCalls: [string, () => unknown, string][] = [
  ['watch()', () => (watch as Call)(), 'ERR_INVALID_ARG_TYPE'],
  ["watch('track')", () => (watch as Call)('track'), 'ERR_INVALID_ARG_TYPE'],
  ['watch(null)', () => (watch as Call)(null), 'ERR_INVALID_ARG_TYPE'],
  ['watch({ tracks: true })', () => (watch as Call)({ tracks: true }), 'ERR_OUT_OF_RANGE'],
  ["watch({ track: 'yes' })", () => (watch as Call)({ track: 'yes' }), 'ERR_INVALID_ARG_TYPE'],
  ['leaks(null)', () => (leaks as Call)(null), 'ERR_INVALID_ARG_TYPE'],
  ['leaks({ prints: false })', () => (leaks as Call)({ prints: false }), 'ERR_OUT_OF_RANGE'],
  ['leaks({ print: 0 })', () => (leaks as Call)({ print: 0 }), 'ERR_INVALID_ARG_TYPE'],
  ['new Pool()', () => Reflect.construct(Pool, []), 'ERR_INVALID_ARG_TYPE'],
  ["new Pool('8')", () => Reflect.construct(Pool, ['8']), 'ERR_INVALID_ARG_TYPE'],
  ['new Pool(8, null)', () => Reflect.construct(Pool, [8, null]), 'ERR_INVALID_ARG_TYPE'],
  ['new Pool(8, { Max })', () => Reflect.construct(Pool, [8, { Max: 3 }]), 'ERR_OUT_OF_RANGE'],
  ["new Pool(8, '5')", () => Reflect.construct(Pool, [8, { max: '5' }]), 'ERR_INVALID_ARG_TYPE'],
  ['new Pool(8, -1)', () => new Pool(8, { max: -1 }), 'ERR_OUT_OF_RANGE'],
  ['new Pool(8, NaN)', () => new Pool(8, { max: Number.NaN }), 'ERR_OUT_OF_RANGE'],
  ["calloc('4', [4])", () => (heap.calloc as Call)('4', [4]), 'ERR_INVALID_ARG_TYPE'],
  ['calloc(4)', () => (heap.calloc as Call)(4), 'ERR_INVALID_ARG_TYPE'],
  ['calloc(-4, -4)', () => heap.calloc(-4, -4), 'ERR_OUT_OF_RANGE'],
  ['calloc(0.5, 4)', () => heap.calloc(0.5, 4), 'ERR_OUT_OF_RANGE'],
  ["realloc('4', 4)", () => (heap.realloc as Call)('4', 4), 'ERR_INVALID_ARG_TYPE'],
  ["realloc(0, '4')", () => (heap.realloc as Call)(0, '4'), 'ERR_INVALID_ARG_TYPE'],
  ['realloc(0, -4)', () => heap.realloc(0, -4), 'ERR_OUT_OF_RANGE'],
  ["heap.address('4')", () => (heap.address as Call)('4'), 'ERR_INVALID_ARG_TYPE'],
  ['Scope.run()', () => (Scope.run as Call)(), 'ERR_INVALID_ARG_TYPE'],
  ['scope.add(5)', () => (new Scope().add as Call)(5), 'ERR_INVALID_ARG_TYPE'],
  ['prewarm(65536, 2 ** 31)', () => prewarm(65_536, 2 ** 31), 'ERR_OUT_OF_RANGE'],
  ['prewarm(16, 2 ** 53 - 1)', () => prewarm(16, 2 ** 53 - 1), 'ERR_OUT_OF_RANGE'],
  ['collectMetrics()', () => (collectMetrics as Call)(), 'ERR_INVALID_ARG_TYPE'],
  ['collectMetrics({})', () => (collectMetrics as Call)({}), 'ERR_INVALID_ARG_TYPE'],
]

for (const [name, call, code] of wrongCalls)
  test.serial(`${name} is refused with a code`, (t) => {
    const before = stats().heap.liveBlocks
    t.like(t.throws(call), { code })
    t.is(stats().heap.liveBlocks, before)
  })

test.serial('proxies, detached views and objects that cannot be printed are refused', (t) => {
  const buffer = alloc(100)
  const detached = new Uint8Array(10)
  structuredClone(detached, { transfer: [detached.buffer] })
  const hostile = new Proxy(buffer, {
    get() {
      throw new Error('a trap')
    },
  })
  const values = [new Proxy(buffer, {}), hostile, detached, Object.create(null)]
  const uses = { free, usableSize, address, pin, asBuffer, toOwned }
  const pool = new Pool(100)
  const scope = new Scope()
  for (const value of values as Buffer[]) {
    for (const [name, use] of Object.entries(uses))
      t.regex((t.throws(() => use(value)) as SuperslabError).code, /^ERR_/, name)
    for (const use of [() => realloc(value, 10), () => pool.free(value), () => scope.add(value)])
      t.regex((t.throws(use) as SuperslabError).code, /^ERR_/, `${use}`)
  }
  free(buffer)
})
