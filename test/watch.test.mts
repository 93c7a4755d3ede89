import { spawnSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import test from 'ava'
import { alloc, free, leaks, Pool, pin, realloc, stats, watch } from 'superslab'
import { HeapWorker } from './support/heap-worker.mjs'

/** The output of a program on stderr. */
function run(program: string, ...flags: string[]): string {
  const code = `const { alloc, free, stats, watch } = require('superslab')\n${program}`
  return spawnSync(process.execPath, [...flags, '--eval', code], { encoding: 'utf8' }).stderr
}

test.serial('leaks has the size, age and place of live Buffers', async (t) => {
  watch({ track: true })
  const before = stats().heap.liveBlocks
  function here(): Buffer {
    return alloc(1234)
  }
  const kept = here()
  free(alloc(500_000))
  const pinned = alloc(100)
  const held = pin(pinned)
  const moved = realloc(alloc(10), 12)
  await setTimeout(5)
  const found = leaks({ print: false })
  t.deepEqual(
    found.map(({ size }) => size).toSorted((a, b) => a - b),
    [12, 100, 1234],
  )
  const leak = found.find(({ size }) => size === 1234)
  t.true((leak?.age ?? 0) >= 4)
  t.regex(leak?.stack.split('\n')[0] ?? '', /here .*watch\.test/)
  held.release()
  for (const buffer of [kept, pinned, moved]) free(buffer)
  t.deepEqual(leaks(), [])
  watch({})
  t.is(stats().heap.liveBlocks, before)
})

test.serial(
  'a Buffer that another thread freed is no leak, even if its memory is in use',
  async (t) => {
    watch({ track: true })
    const worker = new HeapWorker()
    const sizes = Array.from({ length: 300 }, () => 640)
    const buffers = sizes.map(alloc)
    t.is(leaks({ print: false }).length, sizes.length)
    await worker.ask({ do: 'free', views: buffers })
    const views = await worker.ask<Uint8Array[]>({ do: 'alloc', sizes, byte: 1 })
    t.deepEqual(leaks({ print: false }), [])
    watch({})
    views.forEach(free)
    await worker.end()
  },
)

test.serial('a pinned Buffer that another thread freed is no leak', async (t) => {
  watch({ track: true })
  const worker = new HeapWorker()
  const buffers = [alloc(640), alloc(200_000)]
  const pins = buffers.map(pin)
  t.is(leaks({ print: false }).length, 2)
  t.is(leaks({ print: false }).length, 2)
  t.deepEqual(await worker.ask({ do: 'free', views: buffers }), ['done', 'done'])
  t.deepEqual(leaks({ print: false }), [])
  watch({})
  for (const held of pins) held.release()
  await worker.end()
})

test('a block is not freed with an older Buffer at its place that another thread freed', (t) => {
  const program = `
    const { Worker } = require('node:worker_threads')
    watch({ collect: true })
    let dropped = alloc(3_000_000)
    const worker = new Worker(
      "const { parentPort } = require('node:worker_threads');" +
      "parentPort.once('message', (view) => { require('superslab').free(view); parentPort.postMessage(0) })",
      { eval: true })
    worker.once('message', () => {
      watch({ track: true })
      const kept = alloc(3_000_000)
      const isSame = kept.byteOffset === dropped.byteOffset
      dropped = undefined
      setTimeout(() => { gc(); setTimeout(() => {
        console.error(isSame, stats().heap.liveBlocks)
        free(kept)
        worker.unref()
      }, 50) }, 10)
    })
    worker.postMessage(dropped)`
  t.is(run(program, '--expose-gc'), 'true 1\n')
})

test('a warning at exit has the counts of live blocks, if there are any', (t) => {
  t.regex(
    run('watch({ warn: true }); alloc(1000)'),
    /^superslab: 1 blocks are live at exit, \d+ bytes\n$/,
  )
  t.regex(
    run('watch({ warn: true, track: true }); alloc(1000); alloc(500)'),
    /^superslab: 2 Buffers are live, 1500 bytes\n1 of 1000 bytes, the oldest .* s old\n.*at /,
  )
  t.is(run('watch({ warn: true, track: true }); free(alloc(1000))'), '')
  t.is(run('alloc(1000)'), '')
})

test('a Buffer that was forgotten is freed when it is collected, if asked', (t) => {
  const program = (options: string) => `
    watch(${options})
    let kept = alloc(100)
    for (let i = 0; i < 100; i++) alloc(1000)
    setTimeout(() => { gc(); setTimeout(() => {
      console.error(stats().heap.liveBlocks)
      free(kept)
    }, 50) }, 10)`
  t.is(run(program('{ collect: true }'), '--expose-gc'), '1\n')
  t.is(run(program('{}'), '--expose-gc'), '101\n')
})

test('a Buffer that is pinned, freed and collected is freed once, when its pin is released', (t) => {
  const program = `
    process.on('uncaughtException', (error) => console.error(error.code))
    const { pin } = require('superslab')
    watch({ collect: true })
    const pins = []
    for (let i = 0; i < 50; i++) {
      const buffer = alloc(1000)
      pins.push(pin(buffer))
      if (i % 2 === 0) free(buffer)
    }
    setTimeout(() => { gc(); setTimeout(() => {
      console.error(stats().heap.liveBlocks)
      for (const held of pins) held.release()
      console.error(stats().heap.liveBlocks)
    }, 50) }, 10)`
  t.is(run(program, '--expose-gc'), '50\n0\n')
})

test('a view made from a Buffer keeps its block after the Buffer was collected', (t) => {
  const program = `
    const { Readable } = require('node:stream')
    watch({ collect: true })
    const makers = [
      (buffer) => buffer.subarray(0, 500),
      (buffer) => buffer.slice(0, 500),
      (buffer) => buffer.subarray(0, 800).subarray(0, 500),
      (buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, 500),
      (buffer) => new DataView(buffer.buffer, buffer.byteOffset, 500),
      (buffer) => Buffer.from(buffer.buffer, buffer.byteOffset, 500),
    ]
    const kept = []
    for (let i = 0; i < 600; i++) kept.push(makers[i % 6](alloc(1000).fill(i % 251)))
    const source = new Readable({ highWaterMark: 1 << 20, read() {} })
    for (let i = 0; i < 50; i++) source.push(alloc(1000).fill(7))
    const isKept = (view, byte) =>
      new Uint8Array(view.buffer, view.byteOffset, 500).every((there) => there === byte)
    setTimeout(() => { gc(); setTimeout(() => {
      for (let i = 0; i < 2000; i++) alloc(1000).fill(0xee)
      console.error(kept.filter((view, i) => !isKept(view, i % 251)).length)
      let chunk, wrong = 0
      while ((chunk = source.read(500)) !== null) if (!isKept(chunk, 7)) wrong++
      console.error(wrong)
      kept.length = 0
      setTimeout(() => { gc(); setTimeout(() => console.error(stats().heap.liveBlocks < 5), 50) }, 10)
    }, 50) }, 10)`
  t.is(run(program, '--expose-gc'), '0\n0\ntrue\n')
})

// The engine collects in steps, for which a busy machine leaves it little time, but at the latest when the Buffers have half
// of what its heap may have, 2 GiB at most. Not told of their bytes it would let the whole window fill.
for (const [name, turn] of [
  ['of one turn', ''],
  ['of microtasks', 'await null'],
  ['of turns', 'await new Promise(setImmediate)'],
] as const)
  test(`a loop ${name} that drops its Buffers does not fill the window`, (t) => {
    const program = `
      watch({ collect: true })
      const size = 10 * 2 ** 20
      const { limitBytes } = stats().heap
      let most = 0
      ;(async () => {
        for (let bytes = 0; bytes < 2 * limitBytes; bytes += size) {
          alloc(size)
          most = Math.max(most, stats().heap.liveBytes)
          ${turn}
        }
        console.error(most < 0.75 * limitBytes || most)
      })()`
    t.is(run(program), 'true\n')
  })

test('a full window first collects unused Buffers, and its error has advice', (t) => {
  // Too few bytes for the engine to collect because of them.
  const program = (before: string) => `
    ${before}
    watch({ collect: true })
    const { heap } = require('superslab/raw')
    const { limitBytes } = stats().heap
    heap.malloc(limitBytes - 32 * 2 ** 20)
    try {
      for (let i = 0; i < 1000; i++) alloc(100_000)
      console.error('served')
    } catch (error) {
      console.error(error.code, /expose-gc/.test(error.message))
    }`
  t.is(run(program('')), 'served\n')
  const refused = `
    const native = require('node:v8')
    native.setFlagsFromString = () => { throw new Error('refused') }`
  const hold = `
    const kept = []
    const make = alloc
    const hoard = (size) => kept.push(make(size))`
  const full = program(refused + hold).replaceAll(' alloc(100_000)', ' hoard(100_000)')
  t.is(run(full), 'ERR_SUPERSLAB_HEAP_FULL true\n')
})

test('entries of freed Buffers are dropped', (t) => {
  const program = `
    watch({ track: true })
    const measure = () => { gc(); return process.memoryUsage().heapUsed }
    const before = measure()
    Array.from({ length: 20_000 }, () => alloc(100)).forEach(free)
    console.error(measure() - before < 2 ** 20)`
  t.is(run(program, '--expose-gc'), 'true\n')
})

test.serial('a Buffer that rests in a pool is no leak, one handed out is, with the place', (t) => {
  watch({ track: true })
  const pool = new Pool(321)
  const [first, second] = [pool.alloc(), pool.alloc()]
  t.is(leaks({ print: false }).length, 2)
  pool.free(first)
  pool.free(second)
  t.deepEqual(leaks({ print: false }), [])
  function later(): Buffer {
    return pool.alloc()
  }
  const again = later()
  const [leak] = leaks({ print: false })
  t.is(leak?.size, 321)
  t.regex(leak?.stack ?? '', /later .*watch\.test/)
  pool.free(again)
  pool.trim()
  t.deepEqual(leaks({ print: false }), [])
  watch({})
})

test.serial('a Buffer that is allocated while watch is off is not watched', (t) => {
  watch({ track: true })
  watch({})
  const buffer = alloc(77)
  t.deepEqual(leaks({ print: false }), [])
  free(buffer)
})
