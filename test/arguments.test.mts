import test from 'ava'
import { inspect, native, prewarm, stats } from 'superslab'

type Call = (...values: unknown[]) => unknown

/** Each function with good arguments, none of which allocates once one of them is replaced. */
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
  test(`${name} refuses what is no number`, (t) => {
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

  test(`${name} refuses numbers that count nothing`, (t) => {
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

test('alignedAlloc wants a power of two', (t) => {
  for (const alignment of [0, 3, 24, 2 ** 40 + 1]) {
    const error = t.throws(() => native.alignedAlloc(alignment, 64), { instanceOf: RangeError })
    t.like(error, { code: 'ERR_OUT_OF_RANGE' })
  }
})

test('inspect takes a bigint of 64 bits and says so', (t) => {
  for (const wrong of [undefined, '16', {}]) {
    const error = t.throws(() => inspect(wrong as never), { instanceOf: TypeError })
    t.like(error, { code: 'ERR_INVALID_ARG_TYPE' })
  }
  for (const wrong of [-1, 0.5, 2 ** 53, -1n, 2n ** 64n]) {
    const error = t.throws(() => inspect(wrong), { instanceOf: RangeError })
    t.like(error, { code: 'ERR_OUT_OF_RANGE' })
  }
})
