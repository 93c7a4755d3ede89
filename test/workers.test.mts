import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { native, stats } from 'superslab'
import { intact, type Marked } from './support/marked.mjs'
import { start } from './support/workers.mjs'

const sizes = Array.from({ length: 200 }, (_, i) => 1 + ((i * 7919) % 3000)).concat(
  40_000,
  3_000_000,
)

test.serial('blocks of a thread that ended belong to the process', async (t) => {
  const before = stats().liveBlocks
  const { message, ended } = start<number[]>('allocate', { sizes, end: 'return' })
  const blocks = await message
  await ended
  t.is(stats().liveBlocks, before + blocks.length)
  blocks.forEach(native.free)
  t.is(stats().liveBlocks, before)
})

test.serial('a block is freed once, in any thread', async (t) => {
  const blocks = sizes.map(native.malloc)
  const first = start<string[]>('free', { blocks })
  for (const result of await first.message) t.is(result, 'freed')
  await first.ended
  const second = start<string[]>('free', { blocks })
  // A slab whose blocks were all freed may have been released already, with the memory of its blocks.
  const codes = ['ERR_SUPERSLAB_DOUBLE_FREE', 'ERR_SUPERSLAB_UNKNOWN_POINTER']
  for (const result of await second.message) t.true(codes.includes(result), result)
  await second.ended
})

for (const copies of [1, 2])
  test.serial(`two threads free a block at once through ${copies} of the package`, async (t) => {
    const other = mkdtempSync(path.join(tmpdir(), 'superslab-copy-'))
    t.teardown(() => rmSync(other, { recursive: true }))
    cpSync('build/Release', path.join(other, 'build/Release'), { recursive: true })
    const before = stats().liveBlocks
    const blocks = sizes.map(native.malloc)
    const gate = new Int32Array(new SharedArrayBuffer(4))
    const running = [undefined, copies === 2 ? other : undefined].map((root) =>
      start<number[]>('race', { blocks, gate, root }),
    )
    const [one = [], two = []] = await Promise.all(running.map(({ message }) => message))
    // 0: freed; -1: a double free; -3: a double free whose slab was released already.
    for (const i of blocks.keys())
      t.true(
        ['0 -1', '-1 0', '0 -3', '-3 0'].includes(`${one[i]} ${two[i]}`),
        `${one[i]} ${two[i]}`,
      )
    t.is(stats().liveBlocks, before)
    await Promise.all(running.map(({ ended }) => ended))
  })

test.serial('dozens of threads come and go, and end in different ways', async (t) => {
  const before = stats()
  const ends = ['return', 'exit', 'throw', 'wait'] as const
  for (let wave = 0; wave < 12; wave++)
    await Promise.all(
      ends.map(async (end) => {
        const { worker, message, ended } = start<number[]>('allocate', { sizes, end })
        const blocks = await message
        if (end === 'wait') await worker.terminate()
        await ended
        blocks.forEach(native.free)
      }),
    )
  const after = stats()
  t.is(after.liveBlocks, before.liveBlocks)
  t.is(after.liveBytes, before.liveBytes)
  t.true(after.threadCount <= before.threadCount + 1)
})

test.serial(
  'blocks pass through threads that end by exit, by exception and by terminate',
  async (t) => {
    const before = stats()
    const ends = ['exit', 'throw', 'wait'] as const
    const pass = async (chain: number): Promise<void> => {
      let blocks: Marked[] = []
      for (let hop = 0; hop < 6; hop++) {
        const end = ends[(chain + hop) % ends.length]
        const seed = (chain * 6 + hop) * 1_000_003
        const { worker, message, ended } = start<{ spoiled: number; blocks: Marked[] }>('relay', {
          blocks,
          sizes: sizes.slice(chain * 40, chain * 40 + 60).concat(100_000),
          seed,
          end,
        })
        const passed = await message
        t.is(passed.spoiled, 0)
        blocks = passed.blocks
        if (end === 'wait') await worker.terminate()
        // Half of the chains go on while the blocks' previous thread is still ending.
        if (chain % 2 === 0) await ended
      }
      t.true(blocks.every(intact))
      for (const { address } of blocks) native.free(address)
    }
    await Promise.all([0, 1, 2, 3].map(pass))
    t.is(stats().liveBlocks, before.liveBlocks)
    t.is(stats().liveBytes, before.liveBytes)
  },
)

test.serial('several threads load and use the package at once', async (t) => {
  const before = stats().liveBlocks
  const running = Array.from({ length: 8 }, () =>
    start<number[]>('allocate', { sizes, end: 'return' }),
  )
  const blocks = (await Promise.all(running.map(({ message }) => message))).flat()
  t.is(new Set(blocks).size, blocks.length)
  await Promise.all(running.map(({ ended }) => ended))
  blocks.forEach(native.free)
  t.is(stats().liveBlocks, before)
})
