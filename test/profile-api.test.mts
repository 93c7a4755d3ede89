import { AsyncResource } from 'node:async_hooks'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import test from 'ava'
import { Profile as Pprof } from 'pprof-format'
import { alloc, free, native, realloc } from 'superslab'
import { heapHandler, type Profile, profile } from 'superslab/profile'
import { ended, run } from './support/cli.mjs'
import { folderOf } from './support/profiles.mjs'

const linuxTest = process.platform === 'linux' ? test.serial : test.serial.skip
const block = 1 << 16

function inUse({ stacks }: Profile, label?: string): number {
  return stacks
    .filter((stack) => label === undefined || stack.label === label)
    .reduce((sum, { inUseBytes }) => sum + inUseBytes, 0)
}

linuxTest('a snapshot has what is in use now, and what was allocated', async (t) => {
  t.false(profile.active)
  profile.start({ intervalBytes: 1024 })
  t.teardown(() => profile.stop())
  t.true(profile.active)
  const blocks = Array.from({ length: 100 }, () => native.malloc(block))
  const full = await profile.snapshot()
  t.is(full.pid, process.pid)
  t.is(full.intervalBytes, 1024)
  t.true(Math.abs(inUse(full) / (100 * block) - 1) < 0.1, String(inUse(full)))
  t.true(full.stacks.some(({ frames }) => frames.length > 0))
  blocks.forEach(native.free)
  const empty = await profile.snapshot()
  t.true(inUse(empty) < block, String(inUse(empty)))
  const allocated = empty.stacks.reduce((sum, { allocBytes }) => sum + allocBytes, 0)
  t.true(allocated > 99 * block)
  profile.stop()
  t.false(profile.active)
  t.true((await profile.snapshot()).stacks.length > 0, 'what was found stays')
})

linuxTest('Buffers of alloc are sampled, and no longer in use once they are freed', async (t) => {
  alloc(16) // the window is there before the profile
  profile.start({ intervalBytes: 1024 })
  t.teardown(() => profile.stop())
  const sizes = [64, 1000, 8000, 300_000]
  const kept = sizes.map((size) => Array.from({ length: 4_000_000 / size }, () => alloc(size)))
  const total = kept.flat().reduce((sum, { length }) => sum + length, 0)
  const shareOf = (snapshot: Profile) => inUse(snapshot) / total
  const full = shareOf(await profile.snapshot())
  t.true(full > 0.9 && full < 1.15, String(full))
  const moved = kept.flat().map((buffer, i) => (i % 100 === 0 ? realloc(buffer, 16) : buffer))
  moved.forEach(free)
  // Blocks at the same places, which are not sampled, must not be taken for the freed ones.
  profile.stop()
  const after = Array.from({ length: 1000 }, () => alloc(8000))
  const empty = shareOf(await profile.snapshot())
  t.true(empty < 0.02, String(empty))
  after.forEach(free)
})

linuxTest('pprof bytes have the same', async (t) => {
  profile.start({ intervalBytes: 1024 })
  t.teardown(() => profile.stop())
  const one = native.malloc(10 * block)
  const read = Pprof.decode(gunzipSync(await profile.pprof()))
  const total = read.sample.reduce((sum, { value }) => sum + Number(value[1]), 0)
  native.free(one)
  t.true(total > 9 * block, String(total))
})

linuxTest('labels follow what a function starts', async (t) => {
  profile.start({ intervalBytes: 1024, labels: true })
  t.teardown(() => profile.stop())
  const blocks: number[] = []
  const allocate = (count: number) => {
    for (let i = 0; i < count; i++) blocks.push(native.malloc(block))
  }
  const result = await profile.label('route=/a', async () => {
    allocate(10)
    await null
    allocate(10)
    await new Promise((resolve) => setTimeout(resolve, 5))
    allocate(10)
    profile.label('route=/inner', () => allocate(5))
    allocate(10)
    return 'result'
  })
  t.is(result, 'result')
  allocate(7)
  const [first] = await Promise.all(
    ['b', 'c'].map((name, i) =>
      profile.label(name, async () => {
        await new Promise((resolve) => setImmediate(resolve))
        allocate(20 + 10 * i)
        return name
      }),
    ),
  )
  t.is(first, 'b')
  const snapshot = await profile.snapshot()
  blocks.forEach(native.free)
  for (const [label, count] of [
    ['route=/a', 40],
    ['route=/inner', 5],
    ['b', 20],
    ['c', 30],
  ] as const) {
    const share = inUse(snapshot, label) / (count * block)
    t.true(share > 0.9 && share < 1.1, `${label}: ${share}`)
  }
  const none = snapshot.stacks.filter(({ label }) => label === '')
  t.true(none.some(({ inUseBytes }) => inUseBytes > 0))
})

linuxTest('a label is the same after another start, and comes back after a callback', async (t) => {
  t.teardown(() => profile.stop())
  for (let i = 0; i < 2; i++) {
    profile.start({ intervalBytes: 1024, labels: true })
    const blocks = profile.label('again', () => {
      new AsyncResource('inner').runInAsyncScope(() => {})
      return Array.from({ length: 10 }, () => native.malloc(block))
    })
    const snapshot = await profile.snapshot()
    blocks.forEach(native.free)
    profile.stop()
    const share = inUse(snapshot, 'again') / (10 * block)
    t.true(share > 0.9 && share < 1.1, `${i}: ${share}`)
  }
})

linuxTest('without the option a label only runs its function', async (t) => {
  profile.start({ intervalBytes: 1024 })
  t.teardown(() => profile.stop())
  const one = profile.label('unused', () => native.malloc(10 * block))
  const snapshot = await profile.snapshot()
  native.free(one)
  t.is(inUse(snapshot, 'unused'), 0)
})

linuxTest('a server hands out its profile', async (t) => {
  const server = createServer(heapHandler).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/debug/pprof/heap`
  const refused = await fetch(url)
  t.is(refused.status, 503)
  t.regex(await refused.text(), /call profile\.start/)
  profile.start()
  t.teardown(() => profile.stop())
  const response = await fetch(url)
  t.is(response.status, 200)
  const read = Pprof.decode(gunzipSync(Buffer.from(await response.arrayBuffer())))
  t.is(read.sampleType.length, 4)
  const { TMPDIR } = process.env
  process.env.TMPDIR = '/there/is/none'
  t.teardown(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  })
  const failed = await fetch(url)
  t.is(failed.status, 500)
  t.regex(await failed.text(), /^superslab: .*ENOENT/)
})

linuxTest('wrong arguments are refused', (t) => {
  const start = profile.start as (options: unknown) => void
  t.throws(() => start({ interval: 1 }), { code: 'ERR_OUT_OF_RANGE' })
  t.throws(() => start({ intervalBytes: '1' }), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => start({ intervalBytes: 1 }), { code: 'ERR_OUT_OF_RANGE' })
  t.throws(() => start({ labels: 1 }), { code: 'ERR_INVALID_ARG_TYPE' })
  const label = profile.label as (text: unknown, work: unknown) => void
  t.throws(() => label(1, () => 0), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => label('a\nb', () => 0), { code: 'ERR_OUT_OF_RANGE' })
  t.throws(() => label('x'.repeat(64), () => 0), { code: 'ERR_OUT_OF_RANGE' })
  t.throws(() => label('x', 0), { code: 'ERR_INVALID_ARG_TYPE' })
})

linuxTest('a snapshot before anything was sampled is an error with a code', async (t) => {
  const code = `const { profile } = require('superslab/profile')
    profile.snapshot().catch((error) => console.log(error.code, error.message))`
  const { stdout, stderr } = await ended(process.execPath, ['-e', code])
  t.regex(stdout, /^ERR_SUPERSLAB_PROFILE_FAILED there is no snapshot: /, stderr)
})

linuxTest('under run --profile it is on, and the program adds its labels', async (t) => {
  const code = `const { profile } = require('superslab/profile')
    profile.start({ labels: true })
    const kept = profile.label('tenant=a', () => Buffer.alloc(64 << 20))
    profile.snapshot().then(({ stacks, notes }) => {
      const own = stacks.filter(({ label }) => label === 'tenant=a')
      console.log(profile.active, own.reduce((sum, one) => sum + one.inUseBytes, 0) >= kept.length)
    })`
  const all = [`--profile=${folderOf(t)}/heap.raw`, '--', process.execPath, '-e', code]
  const { stdout, stderr } = await run(all)
  t.is(stdout, 'true true\n', stderr)
})
