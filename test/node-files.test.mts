import {
  appendFileSync,
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  promises,
  readFileSync,
  readSync,
  readv,
  writeFileSync,
  writeSync,
  writev,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import test from 'ava'
import { alloc, free, pin, Scope, stats } from 'superslab'
import { pattern } from './support/pattern.mjs'

// Node's fs reads into Buffers and writes from them.

const sizes = [1, 1000, 65_536, 300_000]
let folder = ''
test.before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'superslab-files-'))
})
test.after.always(() => rm(folder, { recursive: true }))

const file = (name: string) => path.join(folder, name)

for (const size of sizes)
  test.serial(`files of ${size} bytes, by synchronous calls`, (t) => {
    const before = stats().heap.liveBlocks
    Scope.run((scope) => {
      const [out, back] = [pattern(scope.alloc(size), size), scope.allocZeroed(size)]
      writeFileSync(file('sync'), out)
      t.deepEqual(readFileSync(file('sync')), Buffer.from(out))
      const descriptor = openSync(file('sync'), 'r+')
      t.is(readSync(descriptor, back, 0, size, 0), size)
      t.true(back.equals(out))
      t.is(
        writeSync(descriptor, out.subarray(size >> 1), 0, size - (size >> 1), 0),
        size - (size >> 1),
      )
      t.is(readSync(descriptor, back.subarray(0, 1), 0, 1, 0), 1)
      t.is(back[0], out[size >> 1])
      closeSync(descriptor)
      appendFileSync(file('sync'), out)
      t.is(readFileSync(file('sync')).length, 2 * size)
    })
    t.is(stats().heap.liveBlocks, before)
  })

test.serial('files by promises and callbacks, several Buffers at once', async (t) => {
  await Scope.run(async (scope) => {
    const out = sizes.map((size) => pattern(scope.alloc(size), size))
    const back = sizes.map((size) => scope.allocZeroed(size))
    const handle = await promises.open(file('promises'), 'w+')
    t.is((await handle.write(out[3] as Buffer, 0, 300_000, 0)).bytesWritten, 300_000)
    t.is((await handle.read(back[3] as Buffer, 0, 300_000, 0)).bytesRead, 300_000)
    t.true(back[3]?.equals(out[3] as Buffer))
    await handle.truncate(0)
    const total = sizes.reduce((sum, size) => sum + size, 0)
    t.is(await promisify(writev)(handle.fd, out, 0).then((done) => done.bytesWritten), total)
    t.is(await promisify(readv)(handle.fd, back, 0).then((done) => done.bytesRead), total)
    for (const [i, buffer] of back.entries()) t.true(buffer.equals(out[i] as Buffer))
    await handle.close()
    await promises.writeFile(file('promises'), out[2] as Buffer)
    t.true((await promises.readFile(file('promises'))).equals(out[2] as Buffer))
  })
})

test.serial('streams of files take Buffers as chunks', async (t) => {
  await Scope.run(async (scope) => {
    const chunks = Array.from({ length: 20 }, (_, i) => pattern(scope.alloc(10_000 + i), i))
    await pipeline(chunks, createWriteStream(file('stream')))
    const read: Buffer[] = []
    for await (const chunk of createReadStream(file('stream'))) read.push(chunk as Buffer)
    t.true(Buffer.concat(read).equals(Buffer.concat(chunks)))
  })
})

test.serial('a free while a read is under way waits for its pin', async (t) => {
  const before = stats().heap.liveBlocks
  const content = pattern(Buffer.alloc(200_000), 7)
  writeFileSync(file('pinned'), content)
  const handle = await promises.open(file('pinned'))
  const buffer = alloc(200_000)
  const held = pin(buffer)
  const reading = handle.read(buffer, 0, buffer.length, 0)
  free(buffer)
  t.is(stats().heap.liveBlocks, before + 1)
  const others = Array.from({ length: 10 }, () => alloc(200_000).fill(1))
  await reading
  t.true(buffer.equals(content))
  for (const other of others) {
    t.true(other.every((byte) => byte === 1))
    free(other)
  }
  held.release()
  t.is(stats().heap.liveBlocks, before)
  await handle.close()
})
