import * as bufferModule from 'node:buffer'
import { execFile } from 'node:child_process'
import * as crypto from 'node:crypto'
import { PassThrough, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StringDecoder } from 'node:string_decoder'
import { promisify } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import * as zlib from 'node:zlib'
import test from 'ava'
import { alloc, asBuffer, free, pin, Scope, stats, toOwned, trim } from 'superslab'
import { pattern } from './support/pattern.mjs'

// Node's own modules treat superslab's Buffers as they treat others, or refuse them: the README lists those, with toOwned
// as the way around.

const sizes = [0, 1, 100, 5000, 70_000]
const encodings = ['utf8', 'utf16le', 'latin1', 'ascii', 'base64', 'base64url', 'hex'] as const

/** Runs for each size with a Buffer of superslab and one of Node with the same contents. */
function each(use: (buffer: Buffer, other: Buffer) => void): void {
  for (const size of sizes)
    Scope.run((scope) => {
      const buffer = pattern(scope.alloc(size), size)
      use(buffer, Buffer.from(buffer))
    })
}

test.serial('strings, in every encoding, both ways', (t) => {
  const text = 'superslab – größer als Node’s 🧱'
  each((buffer, other) => {
    for (const encoding of encodings) {
      t.is(buffer.toString(encoding), other.toString(encoding), encoding)
      t.is(buffer.toString(encoding, 1, 50), other.toString(encoding, 1, 50))
      t.is(buffer.write(text, encoding), other.write(text, encoding))
      t.true(buffer.equals(other), encoding)
      t.is(buffer.indexOf('ab', 0, encoding), other.indexOf('ab', 0, encoding))
    }
    t.deepEqual(
      new TextEncoder().encodeInto(text, buffer),
      new TextEncoder().encodeInto(text, other),
    )
    for (const encoding of ['utf-8', 'utf-16le', 'windows-1252'])
      t.is(new TextDecoder(encoding).decode(buffer), new TextDecoder(encoding).decode(other))
    const decoder = () => new StringDecoder('utf8')
    t.is(decoder().end(buffer), decoder().end(other))
    t.is(bufferModule.isUtf8(buffer), bufferModule.isUtf8(other))
    t.is(bufferModule.isAscii(buffer), bufferModule.isAscii(other))
    t.is(JSON.stringify(buffer), JSON.stringify(other))
  })
})

test.serial('the methods of Buffer', (t) => {
  each((buffer, other) => {
    t.true(buffer.equals(other))
    t.true(other.equals(buffer))
    t.is(Buffer.compare(buffer, other), 0)
    t.deepEqual(Buffer.from(buffer), other)
    t.deepEqual(Buffer.concat([buffer, buffer]), Buffer.concat([other, other]))
    t.deepEqual(Buffer.from(buffer.subarray(1, 40)), other.subarray(1, 40))
    t.deepEqual(Buffer.from(buffer.slice(-5)), other.slice(-5))
    t.deepEqual([...buffer.subarray(0, 100).entries()], [...other.subarray(0, 100).entries()])
    if (other.length < 100) return
    for (const one of [buffer, other]) {
      one.writeDoubleLE(Math.PI, 8)
      one.writeUIntBE(0x1234567890, 20, 5)
      one.writeBigInt64LE(-5n, 32)
      one.copyWithin(50, 8, 40)
      one.subarray(0, 64).swap64()
    }
    t.true(buffer.equals(other))
    const copy = Buffer.alloc(64)
    t.is(buffer.copy(copy, 4, 10), 60)
    t.deepEqual(copy.subarray(4), other.subarray(10, 70))
    t.deepEqual(deserialize(serialize(buffer)), other)
  })
})

test.serial('crypto reads, fills and compares Buffers', async (t) => {
  const key = crypto.randomBytes(32)
  const iv = crypto.randomBytes(16)
  each((buffer, other) => {
    const both = (use: (one: Buffer) => Buffer | string) => t.deepEqual(use(buffer), use(other))
    both((one) => crypto.createHash('sha256').update(one).digest())
    both((one) => crypto.createHmac('sha1', one).update(one).digest('hex'))
    both((one) => {
      const cipher = crypto.createCipheriv('aes-256-ctr', key, iv)
      return Buffer.concat([cipher.update(one), cipher.final()])
    })
    both((one) => crypto.scryptSync(one, one, 16, { N: 16 }))
    t.true(crypto.timingSafeEqual(buffer, other))
    if (other.length < 100) return
    crypto.randomFillSync(buffer)
    t.false(buffer.equals(other))
    other.set(buffer)
    crypto.randomFillSync(buffer, 10, 20)
    t.true(buffer.subarray(30).equals(other.subarray(30)))
  })
  const buffer = alloc(5000).fill(0)
  await promisify((into: Buffer, done: (error: Error | null) => void) => {
    crypto.randomFill(into, done)
  })(buffer)
  t.true(new Set(buffer).size > 200)
  const randomValues = () => crypto.getRandomValues(buffer.subarray(0, 1000))
  if (Number.parseInt(process.versions.node, 10) < 26) t.is(randomValues().length, 1000)
  else t.throws(randomValues, { code: 'ERR_INVALID_ARG_TYPE' })
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519')
  t.true(crypto.verify(null, Buffer.from(buffer), publicKey, crypto.sign(null, buffer, privateKey)))
  free(buffer)
})

test.serial('zlib packs and unpacks Buffers', async (t) => {
  each((buffer, other) => {
    t.deepEqual(zlib.inflateSync(zlib.deflateSync(buffer)), other)
    t.deepEqual(
      zlib.brotliDecompressSync(
        zlib.brotliCompressSync(buffer, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
      ),
      other,
    )
  })
  await Scope.run(async (scope) => {
    const content = pattern(scope.alloc(300_000), 1)
    const packed = await promisify(zlib.gzip)(content)
    const shared = scope.alloc(packed.length)
    shared.set(packed)
    t.true((await promisify(zlib.gunzip)(shared)).equals(content))
  })
})

test.serial('a free while zlib reads waits for its pin', async (t) => {
  const before = stats().heap.liveBlocks
  const content = crypto.randomBytes(1_000_000) // large, so that zlib reads it in many steps
  const packed = zlib.gzipSync(content)
  /** The input, the step that is taken while zlib reads it, and the way to get the contents from the result. */
  const ways: [Buffer, (input: Buffer) => Promise<Buffer>, (result: Buffer) => Buffer][] = [
    [content, promisify<Buffer, Buffer>(zlib.deflate), zlib.inflateSync],
    [packed, promisify<Buffer, Buffer>(zlib.gunzip), (result) => result],
  ]
  for (const [given, work, contentOf] of ways) {
    const input = alloc(given.length)
    input.set(given)
    const held = pin(input)
    const pending = work(input)
    free(input)
    // The memory's next owner would write to it while zlib has read a part.
    const next = Array.from({ length: 4 }, () => alloc(given.length).fill(1))
    t.true(contentOf(await pending).equals(content))
    t.is(stats().heap.liveBlocks, before + next.length + 1)
    held.release()
    next.forEach(free)
    t.is(stats().heap.liveBlocks, before)
  }
})

test.serial('a free without a pin while zlib reads spoils only the result', async (t) => {
  const before = stats().heap.liveBlocks
  const packing = Array.from({ length: 8 }, (_, i) => {
    const input = pattern(alloc(100_000 * (i + 1)), i)
    const done = promisify<Buffer, Buffer>(zlib.deflate)(input)
    free(input)
    return done
  })
  trim() // the memory goes back to the system, and zlib reads on
  for (const packed of await Promise.all(packing)) t.true(packed.length > 0)
  t.is(stats().heap.liveBlocks, before)
})

test.serial('streams pass Buffers on as the same objects', async (t) => {
  const before = stats().heap.liveBlocks
  const seen: Buffer[] = []
  const made = Array.from({ length: 50 }, (_, i) => pattern(alloc(1000 + i), i))
  await pipeline(
    made,
    new PassThrough(),
    new Transform({ transform: (chunk, _, done) => done(null, chunk) }),
    new Writable({
      write(chunk, _, done) {
        seen.push(chunk)
        done()
      },
    }),
  )
  t.deepEqual(
    seen.map((chunk, i) => chunk === made[i]),
    made.map(() => true),
  )
  const text = alloc(100_000).fill('abc')
  const gzip = zlib.createGzip()
  const gunzip = zlib.createGunzip()
  let length = 0
  await pipeline([text], gzip, gunzip, async (parts) => {
    for await (const part of parts) length += part.length
  })
  t.is(length, 100_000)
  free(text)
  made.forEach(free)
  t.is(stats().heap.liveBlocks, before)
})

test.serial('a child process reads Buffers from its standard input', async (t) => {
  await Scope.run(async (scope) => {
    const content = pattern(scope.alloc(200_000), 5)
    const running = promisify(execFile)('sha256sum')
    running.child.stdin?.end(content)
    const { stdout } = await running
    t.true(stdout.startsWith(crypto.createHash('sha256').update(content).digest('hex')))
  })
})

test.serial('clones and messages carry the memory, not a copy', async (t) => {
  const before = stats().heap.liveBlocks
  const buffer = alloc(1000).fill(1)
  const clone = structuredClone(buffer)
  clone[0] = 5
  t.is(buffer[0], 5)
  const { port1, port2 } = new MessageChannel()
  port1.postMessage({ deep: [buffer] })
  const received = receiveMessageOnPort(port2)?.message.deep[0] as Uint8Array
  received[1] = 6
  t.is(buffer[1], 6)
  t.is(asBuffer(received).readUInt8(1), 6)
  port1.close()
  const worker = new Worker(
    'const { workerData } = require("node:worker_threads"); workerData[2] = 7',
    {
      eval: true,
      workerData: buffer,
    },
  )
  await new Promise((resolve) => worker.once('exit', resolve))
  t.is(buffer[2], 7)
  free(buffer)
  t.is(stats().heap.liveBlocks, before)
})

// Some of these take shared memory only in some versions of Node.
test.serial('functions that may refuse shared memory take the result of toOwned', async (t) => {
  const buffer = pattern(alloc(1000), 9)
  const owned = toOwned(buffer)
  t.true(owned.buffer instanceof ArrayBuffer)
  t.is(owned.buffer.byteLength, 1000)
  t.true(owned.equals(buffer))
  await t.throwsAsync(crypto.subtle.digest('SHA-256', buffer))
  t.deepEqual(
    Buffer.from(await crypto.subtle.digest('SHA-256', owned)),
    crypto.createHash('sha256').update(buffer).digest(),
  )
  t.throws(() => structuredClone(buffer, { transfer: [buffer.buffer as unknown as ArrayBuffer] }))
  const bytes = (chunk: Uint8Array) =>
    new ReadableStream({
      type: 'bytes',
      start(controller) {
        controller.enqueue(chunk as Uint8Array<ArrayBuffer>)
        controller.close()
      },
    })
  t.throws(() => bytes(buffer))
  t.deepEqual(Buffer.from(await new Response(bytes(toOwned(buffer))).arrayBuffer()), owned)
  t.deepEqual(Buffer.from(await new Response(owned).arrayBuffer()), owned)
  const packed = new Blob([owned]).stream().pipeThrough(new CompressionStream('gzip'))
  t.deepEqual(zlib.gunzipSync(Buffer.from(await new Response(packed).arrayBuffer())), owned)
  t.is(structuredClone(owned, { transfer: [owned.buffer] }).byteLength, 1000)
  t.is(owned.length, 0)
  t.deepEqual(
    Buffer.from(await new Blob([buffer as unknown as Uint8Array<ArrayBuffer>]).arrayBuffer()),
    toOwned(buffer),
  )
  free(buffer)
})
