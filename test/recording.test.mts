import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { call, type Recording } from '#dist/cli/recording/calls'
import { readRecording } from '#dist/cli/recording/read'
import { Table } from '#dist/cli/recording/table'
import { run } from './support/cli.mjs'

const linuxTest = process.platform === 'linux' ? test : test.skip

function folder(t: ExecutionContext): string {
  const place = mkdtempSync(path.join(tmpdir(), 'superslab-recording-'))
  t.teardown(() => rmSync(place, { recursive: true }))
  return place
}

function counts({ calls }: Recording): Map<number, number> {
  const found = new Map<number, number>()
  for (let at = 0; at < calls.count; at++) {
    const kind = calls.call[at] as number
    found.set(kind, (found.get(kind) ?? 0) + 1)
  }
  return found
}

/** Frees of blocks that are not live, and allocations at the address of a live block. */
function contradictions({ calls }: Recording): number {
  const live = new Set<number>()
  let wrong = 0
  for (let at = 0; at < calls.count; at++) {
    const [kind, block] = [calls.call[at] as number, calls.block[at] as number]
    if (kind === call.threadEnds) continue
    if (kind <= call.newAligned) {
      if (live.has(block)) wrong++
      live.add(block)
    } else if (!live.delete(block)) wrong++
  }
  return wrong
}

const allocates = `
const { Worker, isMainThread } = require('node:worker_threads')
for (let i = 0; i < 2000; i++) Buffer.allocUnsafeSlow(5000 + i)
if (isMainThread) for (let i = 0; i < 2; i++) new Worker(__filename)`

linuxTest(
  'a program is recorded with its threads, in an order without contradictions',
  async (t) => {
    const place = folder(t)
    const [file, script] = [path.join(place, 'node.rec'), path.join(place, 'script.js')]
    writeFileSync(script, allocates)
    const { code, stderr } = await run(['--record', file, '--', process.execPath, script])
    t.is(code, 0, stderr)
    const recording = readRecording(file)
    t.like(recording, { format: 'superslab', stopped: false })
    t.true(recording.command.endsWith(` ${script}`), recording.command)
    t.is(contradictions(recording), 0)
    t.true((counts(recording).get(call.malloc) ?? 0) > 6000)
    t.true(new Set(recording.calls.thread.subarray(0, recording.calls.count)).size >= 3)
    t.true(readFileSync(file).length / recording.calls.count <= 8)
  },
)

linuxTest('a program after exec and a child have recordings of their own', async (t) => {
  const place = folder(t)
  const file = path.join(place, 'sh.rec')
  const command = ['sh', '-c', '(exit 0); exec env true']
  const { code } = await run(['--children=all', '--record', file, '--', ...command])
  t.is(code, 0)
  const names = readdirSync(place)
  t.true(names.length >= 3, names.join(' '))
  for (const name of names) t.is(readRecording(path.join(place, name)).format, 'superslab')
  t.regex(readRecording(file).command, /^sh -c /)
})

linuxTest('an earlier recording is replaced, another file is not', async (t) => {
  const file = path.join(folder(t), 'file')
  writeFileSync(file, 'mine')
  const refused = await run(['--record', file, '--', 'true'])
  t.is(refused.code, 125)
  t.regex(refused.stderr, /not a recording \(ERR_SUPERSLAB_NOT_A_RECORDING\)$/m)
  t.is(readFileSync(file, 'utf8'), 'mine')
  rmSync(file)
  t.is((await run(['--record', file, '--', 'true'])).code, 0)
  t.is((await run(['--record', file, '--', 'env', 'true'])).code, 0)
  t.regex(readRecording(file).command, /^env/)
  t.regex((await run(['--record', '/no/such/file', '--', 'true'])).stderr, /does not exist/)
})

linuxTest('a process that is not served is not recorded', async (t) => {
  const file = path.join(folder(t), 'file')
  const library = path.resolve('build/Release/libsuperslab.so')
  const env = { ...process.env, LD_PRELOAD: library, SUPERSLAB_RECORD: file }
  t.is(spawnSync('true', { env: { ...env, SUPERSLAB_CHILDREN: 'none' } }).status, 0)
  t.false(existsSync(file))
})

// ---- the reader ----

function headOf(version: number): Buffer {
  const head = Buffer.alloc(64)
  head.write('SLABREC\n', 'latin1')
  head.writeUInt32LE(version, 8)
  head.writeUInt32LE(64, 12)
  head.writeUInt32LE(4096, 16)
  head.writeUInt32LE(4, 36)
  head.write('a\0b\0', 40)
  return head
}

/** A small recording: a malloc, a realloc that moves, and a free. */
function sample(): Buffer {
  const head = headOf(1)
  const records = [1, 24, 20, 3, 0, 0xc8, 1, 4, 0, 8, 3, 0]
  const part = Buffer.alloc(32 + records.length)
  part.write('PART')
  part.writeUInt32LE(part.length, 4)
  part.writeUInt32LE(7, 8)
  part.writeBigUInt64LE(100n, 16)
  part.writeBigUInt64LE(1000n, 24)
  Buffer.from(records).copy(part, 32)
  return Buffer.concat([head, part])
}

/** A part of version 2: addresses of short records count from 5000, other ones from 1000. */
function partOf(
  thread: number,
  window: number,
  turn: number,
  sequence: number,
  ...records: number[]
) {
  const part = Buffer.alloc(128)
  part.write('PART')
  part.writeUInt32LE(part.length, 4)
  part.writeUInt32LE(thread, 8)
  part.writeUInt32LE(window, 12)
  part.writeBigUInt64LE(BigInt(sequence), 16)
  part.writeBigUInt64LE(1000n, 24)
  part.writeBigUInt64LE(BigInt(turn), 32)
  part.writeBigUInt64LE(5000n, 40)
  Buffer.from(records).copy(part, 48)
  return part
}

/** A window with parts of 128 bytes, in the order of the file. */
function windowOf(number: number, turn: number, ...parts: Buffer[]) {
  const head = Buffer.alloc(64)
  head.write('WIND')
  head.writeUInt32LE(64 + 2 * 128, 4)
  head.writeUInt32LE(number, 8)
  head.writeUInt32LE(128, 12)
  head.writeBigUInt64LE(BigInt(turn), 16)
  return Buffer.concat([head, ...parts])
}

/** Of two threads. The first one's calls are the sample's, some of them short; the numbers 105 to 168 were drawn at once. */
function sample2(): Buffer {
  const long = [15, 0x11, 0, 24, 20, 15, 0x13, 0, 0, 0xc8, 1, 4, 0]
  const short = [14, 1, 0x18, 1, 0, 0, 0x11, 1, 0, 0, 0x2c, 1]
  const other = [14, 100, 0x12, 0, 0, 0x80, 1, 0, 14, 64, 0x1b, 0, 0, 0x80]
  return Buffer.concat([
    headOf(2),
    partOf(7, 0, 0, 100, ...long, ...short),
    partOf(8, 0, 0, 100, ...other),
  ])
}

function read(t: ExecutionContext, bytes: Buffer | string): Recording {
  const file = path.join(folder(t), 'file')
  writeFileSync(file, bytes)
  return readRecording(file)
}

test('the reader reads the format of docs/recording.md', (t) => {
  for (const bytes of [sample(), gzipSync(sample())]) {
    const { command, calls } = read(t, bytes)
    t.is(command, 'a b')
    const column = (name: 'thread' | 'call' | 'size' | 'block' | 'before') => [
      ...calls[name].subarray(0, calls.count),
    ]
    t.deepEqual(column('call'), [call.malloc, call.release, call.realloc, call.free])
    t.deepEqual(column('block'), [1010, 1010, 1012, 1010])
    t.deepEqual(column('before'), [0, 0, 1010, 0])
    t.deepEqual(column('size'), [24, 0, 200, 0])
    t.deepEqual(column('thread'), [7, 7, 7, 7])
  }
})

test('short records follow the numbers that their thread has drawn', (t) => {
  const { calls } = read(t, sample2())
  const column = (name: 'thread' | 'call' | 'size' | 'block') => [
    ...calls[name].subarray(0, calls.count),
  ]
  const { malloc, calloc, release, realloc, free } = call
  t.deepEqual(column('call'), [malloc, release, realloc, free, malloc, calloc, call.delete])
  t.deepEqual(column('block'), [
    1010,
    1010,
    1012,
    5017,
    5017,
    5000 + 2 ** 27 + 1,
    5000 + 2 ** 27 + 1,
  ])
  t.deepEqual(column('size'), [24, 0, 200, 0, 300, 1, 0])
  t.deepEqual(column('thread'), [7, 7, 7, 7, 7, 8, 8])
})

test('of a part that its window still has, the copy is not read', (t) => {
  const [first, second] = [
    [14, 1, 1, 0, 0, 0, 8, 0],
    [14, 9, 0x11, 0, 0, 0, 8, 0],
  ]
  const blocks = (...pieces: Buffer[]) => {
    const { calls } = read(t, Buffer.concat([headOf(2), ...pieces]))
    return [...calls.block.subarray(0, calls.count)]
  }
  const [empty, one, two] = [
    partOf(1, 3, 0, 0),
    partOf(1, 3, 0, 0, ...first),
    partOf(1, 3, 1, 0, ...second),
  ]
  t.deepEqual(blocks(windowOf(3, 0, one, Buffer.alloc(128))), [5000])
  // A copy of the part, and a part of the copy.
  t.deepEqual(blocks(windowOf(3, 0, one, empty), one), [5000])
  t.deepEqual(blocks(windowOf(3, 0, one, empty), one.subarray(0, 50)), [5000])
  t.deepEqual(blocks(windowOf(3, 0, one, empty), one.subarray(0, 40)), [5000])
  t.deepEqual(blocks(windowOf(3, 1, one, two), one), [5000, 5001])
  // Of the first turn the window has the rest of an older part, which was copied before.
  t.deepEqual(blocks(windowOf(3, 1, one, two)), [5001])
  const broken = { code: 'ERR_SUPERSLAB_RECORDING_DAMAGED' }
  t.throws(() => blocks(windowOf(3, 1, one, two), one.subarray(0, 50)), broken)
  t.throws(() => blocks(windowOf(3, 0, one)), broken)
  const wide = windowOf(3, 0, one, two)
  wide.writeUInt32LE(200, 12)
  t.throws(() => blocks(wide), broken)
})

test('files that are not recordings and broken ones are errors with a code', (t) => {
  const wrong = { code: 'ERR_SUPERSLAB_NOT_A_RECORDING' }
  const broken = { code: 'ERR_SUPERSLAB_RECORDING_DAMAGED' }
  const changed = (at: number, byte: number) => {
    const bytes = sample()
    bytes[at] = byte
    return bytes
  }
  t.throws(() => read(t, ''), wrong)
  t.throws(() => read(t, 'hello\n'), wrong)
  t.throws(() => read(t, sample().subarray(0, 30)), wrong)
  t.throws(() => read(t, changed(8, 3)), { ...wrong, message: /version 3/ })
  t.throws(() => readRecording('/no/such/file'), wrong)
  t.throws(() => read(t, sample().subarray(0, 80)), broken)
  t.throws(() => read(t, sample().subarray(0, 100)), broken)
  t.throws(() => read(t, changed(64, 1)), broken)
  t.throws(() => read(t, changed(96, 0x81)), broken)
  t.throws(() => read(t, changed(99, 0x10)), broken)
  t.throws(() => read(t, changed(107, 0x81)), broken)
  t.throws(() => read(t, gzipSync(sample()).subarray(0, 40)), broken)
})

test('with a few bytes changed the reader reads or refuses a recording', (t) => {
  let state = 12345
  const draw = (most: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % most
  }
  const file = path.join(folder(t), 'file')
  const samples = [
    sample(),
    sample2(),
    Buffer.from([0x0a, 6, 0x0a, 4, 8, 0, 16, 24, 0x0a, 6, 0x1a, 4, 8, 1, 16, 0, 16, 1]),
    Buffer.from('187: malloc 0x1000 16\n188: memalign 0x2000 64 10 7 8\n187: free 0x1000\n'),
    Buffer.from('--1-- malloc(7) = 0x4DD4040\n--1-- realloc(0x4DD4040,150) = 0x4DE61C0\n'),
  ]
  let refused = 0
  for (let round = 0; round < 4000; round++) {
    const bytes = Buffer.from(samples[round % samples.length] ?? [])
    for (let change = draw(4); change >= 0; change--) bytes[8 + draw(bytes.length - 8)] = draw(256)
    writeFileSync(file, bytes.subarray(0, bytes.length - (draw(4) === 0 ? draw(40) : 0)))
    try {
      readRecording(file)
    } catch (error) {
      refused++
      const { code } = error as { code?: string }
      t.regex(code ?? String(error), /^ERR_SUPERSLAB_(NOT_A_RECORDING|RECORDING_DAMAGED)$/)
    }
  }
  t.true(refused > 100 && refused < 4000)
})

test('the table of live blocks agrees with a Map', (t) => {
  const [table, map] = [new Table(), new Map<number, number>()]
  let state = 1
  for (let step = 0; step < 100_000; step++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    const key = ((state >>> 8) % 3000) * (state % 3 === 0 ? 2 ** 33 : 7)
    t.is(table.get(key), map.get(key))
    if (state & 64) {
      table.set(key, step)
      map.set(key, step)
    } else {
      table.delete(key)
      map.delete(key)
    }
  }
  t.is(table.count, map.size)
  t.deepEqual([...table.values()].sort(), [...map.values()].sort())
})

// ---- traces of other programs ----

test('a trace of malloc-bench is read', (t) => {
  const line = (tag: number, ...fields: number[]) => [
    0x0a,
    fields.length + 2,
    (tag << 3) | 2,
    fields.length,
    ...fields,
  ]
  const bytes = Buffer.from([
    ...line(1, 0x08, 0, 0x10, 24),
    ...line(4, 0x08, 1, 0x10, 3, 0x18, 10),
    ...line(3, 0x08, 2, 0x10, 0, 0x18, 100),
    ...line(2, 0x08, 1),
    ...line(2),
    0x10,
    2,
  ])
  const { format, calls } = read(t, bytes)
  t.is(format, 'malloc-bench')
  t.deepEqual([...calls.call.subarray(0, calls.count)], [1, 2, 16, 3, 8])
  t.deepEqual([...calls.size.subarray(0, calls.count)], [24, 30, 0, 100, 0])
  t.deepEqual([...calls.block.subarray(0, calls.count)], [0, 1, 0, 2, 1])
  t.throws(() => read(t, bytes.subarray(0, 9)), { code: 'ERR_SUPERSLAB_RECORDING_DAMAGED' })
})

test('a trace of memory_replay is read', (t) => {
  const text = [
    '187: malloc 0x1000 16',
    '188: calloc 0x2000 3 10 100 200',
    '187: realloc 0x3000 0x1000 40',
    '187: memalign 0x4000 64 100',
    '188: free 0x3000',
    '188: free 0x0',
    '188: thread_done 0x0 300',
  ]
  const { format, calls } = read(t, text.join('\n'))
  t.is(format, 'memory_replay')
  t.deepEqual([...calls.call.subarray(0, calls.count)], [1, 2, 16, 3, 4, 8, 15])
  t.deepEqual([...calls.thread.subarray(0, calls.count)], [187, 188, 187, 187, 187, 188, 188])
  t.deepEqual([...calls.size.subarray(0, calls.count)], [16, 30, 0, 40, 100, 0, 0])
  t.is(calls.alignment[4], 6)
  for (const wrong of ['187: malloc 0x1000', '187: calloc 0x1000 3', '187: hello 0x1000', 'more'])
    t.throws(() => read(t, `${text[0]}\n${wrong}\n`), { code: 'ERR_SUPERSLAB_RECORDING_DAMAGED' })
})

test('a trace of valgrind --trace-malloc=yes is read', (t) => {
  const text = [
    '==1== Memcheck, a memory error detector',
    '==1== Command: ./program -x',
    '--1-- malloc(72704) = 0x4DD4040',
    '--1-- _Znwm(4) = 0x4DE5C80',
    '--1-- realloc(0x4DD4040,150) = 0x4DE61C0',
    '--1-- memalign(al 64, size 100) = 0x4DE7000',
    'what the program prints',
    '--1-- calloc(4,25) = 0x4DE8000',
    '--1-- _ZdlPv(0x4DE5C80)',
    '--1-- free(0x0)',
  ]
  const { format, command, calls } = read(t, text.join('\n'))
  t.is(format, 'valgrind')
  t.is(command, './program -x')
  t.deepEqual([...calls.call.subarray(0, calls.count)], [1, 6, 16, 3, 4, 2, 11])
  t.deepEqual([...calls.size.subarray(0, calls.count)], [72704, 4, 0, 150, 100, 100, 0])
})

const valgrind = spawnSync('valgrind', ['--version']).status === 0 ? linuxTest : test.skip

valgrind('a trace of an installed valgrind is read', (t) => {
  const { stderr } = spawnSync('valgrind', ['--trace-malloc=yes', '/bin/echo', 'hello'], {
    encoding: 'utf8',
  })
  const recording = read(t, stderr)
  t.is(recording.command, '/bin/echo hello')
  t.true(recording.calls.count > 0)
  t.is(contradictions(recording), 0)
})
