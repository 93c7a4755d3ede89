import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import {
  address,
  alloc,
  allocZeroed,
  asBuffer,
  free,
  HeapFullError,
  Pool,
  pin,
  realloc,
  Scope,
  type SuperslabError,
  stats,
  toOwned,
  trim,
  usableSize,
} from 'superslab'
import { heap } from 'superslab/raw'
import { readMemory } from './support/process-memory.mjs'

const sizes = [
  0, 1, 15, 16, 17, 100, 1000, 1024, 4096, 65_535, 65_536, 65_537, 1_000_000, 5_000_000,
]

test.serial('Buffers of every size keep their contents', (t) => {
  const before = stats().heap
  const buffers = sizes.map(alloc)
  for (const [i, buffer] of buffers.entries()) {
    t.true(Buffer.isBuffer(buffer))
    t.is(buffer.length, sizes[i] as number)
    t.true(usableSize(buffer) >= buffer.length)
    buffer.fill(i + 1)
  }
  t.is(stats().heap.liveBlocks, before.liveBlocks + sizes.length)
  for (const [i, buffer] of buffers.entries()) t.true(buffer.every((byte) => byte === i + 1))
  buffers.forEach(free)
  const after = stats().heap
  t.is(after.liveBlocks, before.liveBlocks)
  t.is(after.liveBytes, before.liveBytes)
})

test.serial('zeroed Buffers are zero, though their memory was used', (t) => {
  for (const size of sizes) {
    for (let i = 0; i < 3; i++) free(alloc(size).fill(0xff))
    const buffer = allocZeroed(size)
    t.true(buffer.every((byte) => byte === 0))
    free(buffer)
  }
})

test.serial('fill and set agree with those of Node’s Buffers', (t) => {
  const source = randomBytes(5000)
  for (const size of [100, 5000]) {
    const [buffer, other] = [alloc(size), Buffer.alloc(size)]
    for (const use of [
      (one: Buffer) => one.fill(0),
      (one: Buffer) => one.fill(-1),
      (one: Buffer) => one.fill(257.5),
      (one: Buffer) => one.fill('ab'),
      (one: Buffer) => one.fill('YWI=', 'base64'),
      (one: Buffer) => one.fill(3, 10, 20),
      (one: Buffer) => one.fill(source.subarray(0, 7), 3),
      (one: Buffer) => one.set(source.subarray(0, size)),
      (one: Buffer) => one.set(source.subarray(0, size - 3), 3),
      (one: Buffer) => one.set(one.subarray(0, size - 7), 7),
      (one: Buffer) => one.set([1, 2, 300], 5),
    ]) {
      use(buffer)
      use(other)
      t.true(buffer.equals(other), `${use}`)
    }
    for (const offset of [-1, 1, Number.POSITIVE_INFINITY])
      t.throws(() => buffer.set(source.subarray(0, size), offset), { instanceOf: RangeError })
    free(buffer)
  }
})

test.serial('realloc keeps the contents that fit and frees the old Buffer', (t) => {
  const before = stats().heap.liveBlocks
  let buffer = alloc(0)
  let content = Buffer.alloc(0)
  for (const size of [...sizes, ...sizes.toReversed(), 100, 101, 102]) {
    const old = buffer
    buffer = realloc(buffer, size)
    t.is(buffer.length, size)
    const kept = Math.min(content.length, size)
    t.true(buffer.subarray(0, kept).equals(content.subarray(0, kept)))
    t.throws(() => free(old), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
    randomBytes(size).copy(buffer)
    content = Buffer.from(buffer)
  }
  free(buffer)
  t.is(stats().heap.liveBlocks, before)
})

test.serial('a scope frees its Buffers, each once', async (t) => {
  const before = stats().heap.liveBlocks
  const kept = Scope.run((scope) => {
    scope.alloc(100)
    free(scope.allocZeroed(200))
    return scope.keep(scope.alloc(300))
  })
  t.is(stats().heap.liveBlocks, before + 1)
  free(kept)
  t.throws(() =>
    Scope.run((scope) => {
      scope.alloc(70_000)
      throw new Error('as it was told')
    }),
  )
  t.is(stats().heap.liveBlocks, before)
  await Scope.run(async (scope) => {
    const buffer = scope.alloc(10)
    await Promise.resolve()
    t.is(stats().heap.liveBlocks, before + 1)
    buffer.fill(1)
  })
  t.is(stats().heap.liveBlocks, before)
  const scope = new Scope()
  scope.add(alloc(5))
  scope[Symbol.dispose]()
  t.is(stats().heap.liveBlocks, before)
})

test.serial('a scope waits for an object with a then', async (t) => {
  const before = stats().heap.liveBlocks
  const foreign = runInNewContext('(wait) => wait().then((value) => value + 1)')
  const results = [
    (wait: () => Promise<number>) => ({
      // biome-ignore lint/suspicious/noThenProperty: a promise of a library
      then: (resolve: (value: number) => void) => void wait().then((value) => resolve(value + 1)),
    }),
    runInNewContext('async (wait) => await wait() + 1'),
    (wait: () => Promise<number>) => foreign(wait),
  ]
  for (const result of results) {
    let end = (_: number) => {}
    const wait = new Promise<number>((resolve) => {
      end = resolve
    })
    const running = Scope.run((scope) => {
      scope.alloc(100)
      return result(() => wait)
    })
    await Promise.resolve()
    t.is(stats().heap.liveBlocks, before + 1)
    end(1)
    t.is(await running, 2)
    t.is(stats().heap.liveBlocks, before)
  }
  await t.throwsAsync(
    async () =>
      Scope.run((scope) => {
        scope.alloc(100)
        return runInNewContext("Promise.reject(new RangeError('as it was told'))")
      }),
    { any: true, message: 'as it was told' },
  )
  t.is(stats().heap.liveBlocks, before)
})

test.serial("what fails in a scope's body is not hidden by what fails in its end", async (t) => {
  const before = stats().heap.liveBlocks
  const own = new Error('as it was told')
  const body = (scope: Scope) => {
    const buffers = [scope.alloc(10), scope.alloc(20), scope.alloc(30)]
    heap.free(buffers[1]?.byteOffset as number) // as another thread might
    throw own
  }
  const check = (error: unknown) => {
    t.true(error instanceof AggregateError)
    const { cause, errors } = error as AggregateError
    t.is(cause, own)
    t.is(errors[0], own)
    t.like(errors[1], { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
    t.is(errors.length, 2)
    t.is(stats().heap.liveBlocks, before)
  }
  check(t.throws(() => Scope.run(body)))
  check(await t.throwsAsync(() => Scope.run(async (scope) => body(scope))))
})

test.serial('a scope refuses a view that is no Buffer, and keeps its Buffers', (t) => {
  const before = stats().heap.liveBlocks
  const scope = new Scope()
  scope.alloc(100)
  for (const bad of [5, null, 'no', {}, Buffer.alloc(3), scope.alloc(50).subarray(1)])
    t.throws(() => scope.add(bad as Buffer), { instanceOf: Error })
  const freed = alloc(10)
  free(freed)
  t.throws(() => scope.add(freed), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
  t.is(stats().heap.liveBlocks, before + 2)
  scope.free()
  t.is(stats().heap.liveBlocks, before)
})

test.serial('a pool does not keep a pinned Buffer: its last pin’s release frees it', (t) => {
  const before = stats().heap.liveBlocks
  const pool = new Pool(128)
  const buffer = pool.alloc()
  const held = pin(buffer)
  pool.free(buffer)
  t.is(pool.resting, 0)
  t.is(stats().heap.liveBlocks, before + 1)
  t.throws(() => pool.free(buffer), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
  const other = pool.alloc()
  t.not(other, buffer)
  held.release()
  t.is(stats().heap.liveBlocks, before + 1)
  free(other)
  t.is(stats().heap.liveBlocks, before)
})

test.serial('a pool recycles objects and notices misuse', (t) => {
  const before = stats().heap.liveBlocks
  const pool = new Pool(256, { max: 2 })
  const buffers = [pool.alloc(), pool.alloc(), pool.alloc()]
  for (const buffer of buffers) pool.free(buffer)
  t.is(pool.resting, 2)
  t.is(stats().heap.liveBlocks, before + 2)
  for (const buffer of buffers)
    t.throws(() => pool.free(buffer), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
  const errors = buffers.map((buffer) => t.throws(() => free(buffer)) as SuperslabError)
  t.true(errors.every(({ code }) => code === 'ERR_SUPERSLAB_DOUBLE_FREE'))
  t.is(errors.filter(({ message }) => message.includes('rests in a pool')).length, pool.resting)
  t.is(pool.alloc(), buffers[1] as Buffer)
  t.is(pool.alloc(), buffers[0] as Buffer)
  t.is(pool.resting, 0)
  pool.free(buffers[0] as Buffer)
  const other = alloc(255)
  t.throws(() => pool.free(other), { code: 'ERR_SUPERSLAB_SIZE_MISMATCH' })
  t.throws(() => pool.free(other.subarray(1)), { code: 'ERR_SUPERSLAB_NOT_A_BLOCK' })
  free(other)
  t.throws(() => new Pool(-1), { code: 'ERR_OUT_OF_RANGE' })
  pool[Symbol.dispose]()
  t.is(pool.resting, 0)
  t.is(stats().heap.liveBlocks, before + 1)
  pool.free(buffers[1] as Buffer)
  const none = new Pool(256, { max: 0 })
  none.free(pool.alloc())
  t.is(none.resting, 0)
  t.is(stats().heap.liveBlocks, before)
})

test.serial('scopes and pools free all their Buffers, even if one throws', (t) => {
  const before = stats().heap.liveBlocks
  const pool = new Pool(64)
  const buffers = [pool.alloc(), pool.alloc(), pool.alloc()]
  for (const buffer of buffers) pool.free(buffer)
  heap.free(buffers[1]?.byteOffset as number) // as another thread might
  t.throws(() => pool.trim(), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
  t.is(stats().heap.liveBlocks, before)
  const scope = new Scope()
  const [, middle] = [scope.alloc(10), scope.alloc(20), scope.alloc(30)]
  heap.free((middle as Buffer).byteOffset)
  t.throws(() => scope.free(), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
  t.is(stats().heap.liveBlocks, before)
})

test.serial('a free is put off until the last pin is released', (t) => {
  for (const size of [40, 200_000]) {
    const before = stats().heap.liveBlocks
    const buffer = alloc(size)
    const pins = [pin(buffer), pin(buffer)]
    free(buffer)
    t.throws(() => free(buffer), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
    t.throws(() => pin(buffer), { code: 'ERR_SUPERSLAB_DOUBLE_FREE' })
    t.is(stats().heap.liveBlocks, before + 1)
    pins[0]?.release()
    pins[0]?.release()
    t.is(stats().heap.liveBlocks, before + 1)
    pins[1]?.[Symbol.dispose]()
    t.is(stats().heap.liveBlocks, before)
    const kept = alloc(size)
    pin(kept).release()
    free(kept)
    t.is(stats().heap.liveBlocks, before)
  }
})

test.serial('a view that is no live Buffer throws and changes nothing', (t) => {
  const buffer = alloc(1000)
  const before = stats().heap
  const freed = alloc(1000)
  free(freed)
  const detached = new Uint8Array(10)
  structuredClone(detached, { transfer: [detached.buffer] })
  const expected: [unknown, string][] = [
    [freed, 'ERR_SUPERSLAB_DOUBLE_FREE'],
    [buffer.subarray(0), 'ERR_SUPERSLAB_NOT_A_BLOCK'],
    [buffer.subarray(16, 32), 'ERR_SUPERSLAB_NOT_A_BLOCK'],
    [new Uint8Array(buffer.buffer, buffer.byteOffset, 1000), 'ERR_SUPERSLAB_NOT_A_BLOCK'],
    [new Uint8Array(buffer.buffer, buffer.byteOffset, 0), 'ERR_SUPERSLAB_NOT_A_BLOCK'],
    [Object.create(buffer), 'ERR_INVALID_ARG_TYPE'],
    [Buffer.alloc(1000), 'ERR_SUPERSLAB_UNKNOWN_POINTER'],
    [new Uint8Array(0), 'ERR_SUPERSLAB_UNKNOWN_POINTER'],
    [detached, 'ERR_SUPERSLAB_UNKNOWN_POINTER'],
    [new DataView(buffer.buffer), 'ERR_INVALID_ARG_TYPE'],
    [new Uint32Array(buffer.buffer, buffer.byteOffset, 2), 'ERR_INVALID_ARG_TYPE'],
    [buffer.byteOffset, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
  ]
  for (const [value, code] of expected)
    for (const use of [free, usableSize, address, pin])
      t.throws(() => use(value as Buffer), { code }, `${use.name} ${code}`)
  for (const size of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
    t.throws(() => alloc(size), { code: 'ERR_OUT_OF_RANGE' }, `alloc(${size})`)
  for (const size of ['1', null, undefined, 1n])
    t.throws(() => alloc(size as unknown as number), { code: 'ERR_INVALID_ARG_TYPE' })
  t.deepEqual(
    { ...stats().heap, cachedBlocks: 0, cachedBytes: 0 },
    { ...before, cachedBlocks: 0, cachedBytes: 0 },
  )
  free(buffer)
})

test.serial('the error of a full window has its numbers', (t) => {
  const before = stats().heap
  const error = t.throws(() => alloc(2 ** 40), { instanceOf: RangeError }) as HeapFullError
  t.true(error instanceof HeapFullError)
  t.is(error.code, 'ERR_SUPERSLAB_HEAP_FULL')
  t.is(error.size, 2 ** 40)
  t.is(error.limit, before.limitBytes)
  t.is(error.live, before.liveBytes)
})

test.serial('the window fills up, empties and serves again', (t) => {
  const before = stats().heap
  const buffers: Buffer[] = []
  const step = 2 ** 27 - 12345
  t.throws(
    () => {
      for (;;) buffers.push(alloc(step))
    },
    { code: 'ERR_SUPERSLAB_HEAP_FULL' },
  )
  t.true(buffers.length >= Math.floor(before.limitBytes / 2 ** 27) - 2)
  free(alloc(64)) // small blocks still fit
  buffers.forEach(free)
  t.is(stats().heap.liveBytes, before.liveBytes)
  free(alloc(before.limitBytes / 2))
})

test.serial('address and toOwned reach the bytes', (t) => {
  const buffer = alloc(1000)
  randomBytes(1000).copy(buffer)
  t.deepEqual(readMemory(address(buffer), 1000), Buffer.from(buffer))
  const owned = toOwned(buffer)
  t.true(owned.equals(buffer))
  t.true(owned.buffer instanceof ArrayBuffer)
  t.is(owned.buffer.byteLength, 1000)
  t.is(asBuffer(buffer), buffer)
  free(buffer)
})

test.serial('trim gives the memory of freed Buffers back', (t) => {
  const { arrayBuffers } = process.memoryUsage()
  const buffers = Array.from({ length: 1000 }, () => alloc(50_000).fill(1))
  const full = process.memoryUsage.rss()
  buffers.forEach(free)
  t.true(trim() > 40_000_000)
  t.true(process.memoryUsage.rss() < full - 40_000_000)
  t.true(process.memoryUsage().arrayBuffers < arrayBuffers + 1_000_000)
})

test('raw blocks are offsets into typed arrays', (t) => {
  const before = stats().heap.liveBlocks
  const block = heap.calloc(100, 8)
  t.true(heap.f64.subarray(block / 8, block / 8 + 100).every((number) => number === 0))
  heap.f64[block / 8] = Math.PI
  const moved = heap.realloc(block, 100_000)
  t.is(heap.f64[moved / 8], Math.PI)
  heap.u64[moved / 8] = 2n ** 63n
  t.is(heap.u8[moved + 7], 128)
  t.is(heap.u32[moved / 4 + 1], 2 ** 31)
  t.true(heap.usableSize(moved) >= 100_000)
  t.is(readMemory(heap.address(moved), 8).readBigUInt64LE(), 2n ** 63n)
  t.is(stats().heap.liveBlocks, before + 1)
  heap.free(moved)
  const wrong: [unknown, string][] = [
    [moved, 'ERR_SUPERSLAB_DOUBLE_FREE'],
    [-16, 'ERR_SUPERSLAB_UNKNOWN_POINTER'],
    [Number.NaN, 'ERR_SUPERSLAB_UNKNOWN_POINTER'],
    [2 ** 32, 'ERR_SUPERSLAB_UNKNOWN_POINTER'],
    [2 ** 53, 'ERR_SUPERSLAB_UNKNOWN_POINTER'],
    ['16', 'ERR_INVALID_ARG_TYPE'],
  ]
  for (const [value, code] of wrong) t.throws(() => heap.free(value as number), { code })
  t.is(stats().heap.liveBlocks, before)
})

test('no block has offset 0', (t) => {
  const program = `
    const { heap } = require('superslab/raw')
    const blocks = [0, 16, 1000, 65_536, 200_000].map((size) => heap.malloc(size))
    console.log(blocks.every((block) => block >= 16))
    try { heap.free(0) } catch (error) { console.log(error.code) }`
  const { stdout } = spawnSync(process.execPath, ['--eval', program], { encoding: 'utf8' })
  t.is(stdout, 'true\nERR_SUPERSLAB_UNKNOWN_POINTER\n')
})
