import test from 'ava'
import { native, stats } from 'superslab'
import { ended, message, start } from './support/workers.mjs'

const sizes = Array.from({ length: 200 }, (_, i) => 1 + ((i * 7919) % 3000)).concat(
  40_000,
  3_000_000,
)

test.serial('blocks of a thread that ended belong to the process', async (t) => {
  const before = stats().liveBlocks
  const worker = start('allocate', { sizes, end: 'return' })
  const blocks = await message<number[]>(worker)
  await ended(worker)
  t.is(stats().liveBlocks, before + blocks.length)
  blocks.forEach(native.free)
  t.is(stats().liveBlocks, before)
})

test.serial('a block is freed once, in whichever thread', async (t) => {
  const blocks = sizes.map(native.malloc)
  const first = start('free', { blocks })
  t.deepEqual(new Set(await message<string[]>(first)), new Set(['freed']))
  await ended(first)
  const second = start('free', { blocks })
  // A slab whose every block was freed may be gone already, and with it the memory of its blocks.
  const codes = ['ERR_SUPERSLAB_DOUBLE_FREE', 'ERR_SUPERSLAB_UNKNOWN_POINTER']
  for (const result of await message<string[]>(second)) t.true(codes.includes(result), result)
  await ended(second)
})

test.serial('dozens of threads come and go, each in its way', async (t) => {
  const before = stats()
  const ends = ['return', 'exit', 'throw', 'wait'] as const
  for (let wave = 0; wave < 12; wave++) {
    const workers = ends.map((end) => ({ end, worker: start('allocate', { sizes, end }) }))
    await Promise.all(
      workers.map(async ({ end, worker }) => {
        const over = ended(worker)
        const blocks = await message<number[]>(worker)
        if (end === 'wait') await worker.terminate()
        await over
        blocks.forEach(native.free)
      }),
    )
  }
  const after = stats()
  t.is(after.liveBlocks, before.liveBlocks)
  t.is(after.liveBytes, before.liveBytes)
  t.true(after.threadCount <= before.threadCount + 1)
})

test.serial('several threads load and use it at once', async (t) => {
  const before = stats().liveBlocks
  const workers = Array.from({ length: 8 }, () => start('allocate', { sizes, end: 'return' }))
  const blocks = (await Promise.all(workers.map((worker) => message<number[]>(worker)))).flat()
  t.is(new Set(blocks).size, blocks.length)
  await Promise.all(workers.map((worker) => worker.terminate()))
  blocks.forEach(native.free)
  t.is(stats().liveBlocks, before)
})
