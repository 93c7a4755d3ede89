import { spawnSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import test from 'ava'
import { alloc, free, leaks, pin, realloc, stats, watch } from 'superslab'
import { HeapWorker } from './support/heap-worker.mjs'

/** What a program says on stderr. */
function run(program: string, ...flags: string[]): string {
  const code = `const { alloc, free, stats, watch } = require('superslab')\n${program}`
  return spawnSync(process.execPath, [...flags, '--eval', code], { encoding: 'utf8' }).stderr
}

test.serial('what is live under watch is told with size, age and place', async (t) => {
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

test.serial('what another thread freed is no leak, whoever has its memory now', async (t) => {
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
})

test('a warning at exit has the counts, if there is something to warn of', (t) => {
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
