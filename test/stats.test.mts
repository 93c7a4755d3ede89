import test from 'ava'
import { info, native, prewarm, stats, trim } from 'superslab'

test('the counts of live blocks and bytes are exact', (t) => {
  const before = stats()
  const blocks = [10, 100, 1000, 10_000, 100_000, 1_000_000].map(native.malloc)
  const during = stats()
  t.is(during.liveBlocks, before.liveBlocks + blocks.length)
  t.true(during.liveBytes >= before.liveBytes + 1_111_110)
  blocks.forEach(native.free)
  const after = stats()
  t.is(after.liveBlocks, before.liveBlocks)
  t.is(after.liveBytes, before.liveBytes)
})

test('every statistic is a count', (t) => {
  const { heap, ...core } = stats()
  const all = [...Object.entries(core), ...Object.entries(heap)]
  t.is(all.length, 21 + 9)
  for (const [name, value] of all) t.true(Number.isSafeInteger(value) && value >= 0, name)
})

test('this thread has a heap after its first allocation', (t) => {
  native.free(native.malloc(1))
  t.true(stats().threadCount >= 1)
})

test('prewarm returns the number of blocks that are ready', (t) => {
  const before = stats().liveBlocks
  t.is(prewarm(64, 10), 10)
  t.is(prewarm(64, 0), 0)
  t.is(stats().liveBlocks, before)
})

test('trim gives memory back and returns the bytes', (t) => {
  const block = native.calloc(2 ** 25, 1)
  native.free(block)
  const before = stats().givenBackBytes
  const bytes = trim()
  t.true(bytes >= 0)
  t.true(stats().givenBackBytes >= before + bytes)
  t.true(stats().dirtyBytes < 2 ** 25)
})

test('info has the build of the addon', (t) => {
  const { abi, file, flags, compiler, ownHeap } = info()
  t.is(abi, 1)
  t.true(file.length > 0)
  t.true(flags.includes('-O3'))
  t.true(flags.includes('-DNDEBUG'))
  t.true(compiler.length > 0)
  t.true(ownHeap)
})
