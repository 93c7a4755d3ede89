import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { native } from 'superslab'
import { allocatorIn } from '#dist/cli/explain/allocators'
import { askers } from '#dist/cli/explain/asked'
import { type Explanation, explain } from '#dist/cli/explain/explanation'
import { holdersOf, type Known } from '#dist/cli/explain/holders'
import { parseMappings } from '#dist/cli/explain/smaps'
import { explanationText, wrapped } from '#dist/cli/explain/text'
import { changes } from '#dist/cli/explain/words'
import { parseRaw } from '#dist/profile/raw'
import { readPublication } from '#dist/publication'
import { main, plainEnvironment } from './support/cli.mjs'

const mebibyte = 2 ** 20
const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip

const folder = mkdtempSync(path.join(tmpdir(), 'superslab-explain-'))
test.after.always(() => rmSync(folder, { recursive: true }))

// ---- rules, by mappings as the kernel shows them ----

interface Line {
  range: string
  access?: string
  name?: string
  resident?: number
  anonymous?: number
  flags?: string
}

function smaps(lines: Line[]): string {
  return lines
    .map(
      ({ range, access = 'rw-p', name = '', resident = 0, anonymous = resident, flags = '' }) => {
        const file = name.startsWith('/') ? '00:15 77' : '00:00 0'
        return [
          `${range} ${access} 00000000 ${file}                       ${name}`.trimEnd(),
          'Size:               1024 kB',
          `Rss:            ${resident} kB`,
          `Anonymous:            ${anonymous} kB`,
          'Swap:                  0 kB',
          `VmFlags: rd wr mr mw me ${flags}`.trimEnd(),
          '',
        ].join('\n')
      },
    )
    .join('')
}

const nothingKnown: Known = {
  ranges: [],
  allocators: [],
  hasV8: true,
  hasWords: true,
  word: () => undefined,
}

/** Each holder's kind with its parts, in kibibytes. */
function judged(lines: Line[], known: Partial<Known> = {}) {
  const holders = holdersOf(parseMappings(smaps(lines)), { ...nothingKnown, ...known })
  return Object.fromEntries(
    holders.map(({ kind, parts }) => [
      kind,
      Object.fromEntries(parts.map(({ name, bytes }) => [name, bytes / 1024])),
    ]),
  )
}

test('V8’s heaps: pages, large objects and read-only ones', (t) => {
  const found = judged([
    { range: '1463fcf80000-1463fcfc0000', resident: 256, flags: 'dc nr' },
    { range: '2c94ff9c0000-2c95010a5000', resident: 23444, flags: 'dc ac' },
    { range: '3463fcf80000-3463fcf82000', access: 'r--p', resident: 8, flags: 'dc nr' },
  ])
  t.deepEqual(found, { 'v8-heap': { 'large objects': 23444, pages: 256, 'read-only': 8 } })
})

test('a WebAssembly memory has much reserved behind it, a page of the heap has little', (t) => {
  const found = judged([
    { range: '7f1880000000-7f1881f40000', resident: 32000, flags: 'dc nr' },
    { range: '7f1881f40000-7f1a80000000', access: '---p', flags: 'dc nr' },
    { range: '7f2880000000-7f2880030000', resident: 100, flags: 'dc nr' },
    { range: '7f2880030000-7f2880040000', access: '---p', flags: 'dc nr' },
  ])
  t.deepEqual(found, { 'v8-heap': { pages: 100 }, 'v8-memory': { 'memory that may grow': 32000 } })
})

test('memory that is not inherited by fork is V8’s only in a process that runs V8', (t) => {
  const line = { range: '1463fcf80000-1463fcfc0000', resident: 256, flags: 'dc ac' }
  t.deepEqual(judged([line], { hasV8: false }), { unknown: { 'anonymous memory': 256 } })
})

test('glibc’s heap and arenas; an allocator of an addon; a mapping of neither', (t) => {
  const lines = [
    { range: '2a7a1000-2aa66000', name: '[heap]', resident: 2732, flags: 'ac' },
    { range: '7f02bc000000-7f02bc0ce000', resident: 792, flags: 'nr' },
    { range: '7f02bc0ce000-7f02c0000000', access: '---p', flags: 'nr' },
    { range: '7f44cc5f0000-7f450c5f0000', resident: 12792, flags: 'nr' },
  ]
  const libc = { heap: 2732, 'arenas of threads': 792 }
  t.deepEqual(judged(lines), { libc, unknown: { 'anonymous memory': 12792 } })
  const allocators = [{ name: 'mimalloc', file: 'rspack.node' }]
  t.deepEqual(judged(lines, { allocators }), { allocator: { memory: 12792 }, libc })
})

test('glibc’s large blocks are followed by their lengths', (t) => {
  const range = '7f02c0000000-7f02c0300000'
  const words = new Map([
    [0x7f02c0000008, 0x100000n | 2n],
    [0x7f02c0100008, 0x80000n | 2n],
    [0x7f02c0180008, 0x80000n | 1n],
  ])
  const word = (address: number) => words.get(address)
  const lines = [{ range, resident: 3072, flags: 'ac' }]
  t.deepEqual(judged(lines, { word }), {
    libc: { 'large blocks': 1536 },
    unknown: { 'anonymous memory': 1536 },
  })
  t.deepEqual(judged(lines, { hasWords: false }), {
    libc: { 'large blocks, or mmap by the program': 3072 },
  })
})

test('stacks lie behind a guard, zeroed data behind a file’s data', (t) => {
  const found = judged([
    { range: '7f0000000000-7f0000001000', access: '---p' },
    { range: '7f0000001000-7f0000801000', resident: 64, flags: 'ac' },
    { range: '7f1000000000-7f1000002000', name: '/lib/x.so', resident: 8, anonymous: 8 },
    { range: '7f1000002000-7f1000004000', resident: 4 },
    {
      range: '7f2000000000-7f2000008000',
      access: 'r-xp',
      name: '/lib/x.so',
      resident: 32,
      anonymous: 0,
    },
    { range: '7f3000000000-7f3000008000', access: 'rwxp', resident: 12, flags: 'dc' },
    {
      range: '7f4000000000-7f4000008000',
      access: 'rw-s',
      name: '/memfd:mine (deleted)',
      resident: 16,
      anonymous: 0,
    },
    { range: '7ffc00000000-7ffc00021000', name: '[stack]', resident: 40 },
  ])
  t.deepEqual(found, {
    stacks: { threads: 64, 'main thread': 40 },
    data: { '/lib/x.so': 12 },
    files: { '/lib/x.so': 32 },
    code: { code: 12 },
    shared: { '/memfd:mine': 16 },
  })
})

test('superslab’s addresses come first, and names that the kernel shows', (t) => {
  const ranges = [{ start: 0x100000000, end: 0x140000000, kind: 'window' as const }]
  const found = judged(
    [
      { range: '100000000-100100000', resident: 1024, flags: 'dc nr' },
      { range: '200000000-200100000', name: '[anon: mimalloc]', resident: 8 },
      { range: '300000000-300100000', name: '[anon: glibc: pthread stack: 12]', resident: 16 },
    ],
    { ranges },
  )
  t.deepEqual(found, {
    superslab: { 'windows of Buffers': 1024 },
    allocator: { mimalloc: 8 },
    stacks: { threads: 16 },
  })
})

test('a mapping that grew while it was read counts once', (t) => {
  const found = judged([
    { range: '1463fcf80000-1463fcfc0000', resident: 256, flags: 'dc' },
    { range: '1463fcf80000-1463fd000000', resident: 512, flags: 'dc' },
  ])
  t.deepEqual(found, { 'v8-heap': { 'large objects': 512 } })
})

test('an allocator is found in a file by its text, also across two reads', (t) => {
  const file = path.join(folder, 'addon.node')
  const text = 'mimalloc: '
  writeFileSync(file, Buffer.concat([Buffer.alloc(mebibyte - 4, 1), Buffer.from(text)]))
  t.is(allocatorIn(file)?.name, 'mimalloc')
  writeFileSync(file, Buffer.alloc(3 * mebibyte, 1))
  t.is(allocatorIn(file), undefined)
  t.is(allocatorIn(path.join(folder, 'none')), undefined)
})

// ---- real processes ----

const program = path.join(folder, 'holds.cjs')
writeFileSync(
  program,
  `const { Worker } = require('node:worker_threads')
const v8 = require('node:v8')
globalThis.buffers = [Buffer.alloc(30 << 20, 1)]
globalThis.objects = Array.from({ length: 200000 }, (_, i) => ({ i, text: 'x' + i }))
globalThis.memory = new WebAssembly.Memory({ initial: 500, maximum: 2000 })
new Uint8Array(memory.buffer).fill(1)
new Worker('globalThis.list = new Array(1e6).fill(1.5); require("worker_threads").parentPort.postMessage(1); setInterval(() => {}, 1e6)', { eval: true })
  .once('message', () => {
    console.log(JSON.stringify(v8.getHeapStatistics()))
    require('node:readline').createInterface({ input: process.stdin }).on('line', () => {
      buffers.push(Buffer.alloc(20 << 20, 1))
      console.log('grown')
    })
  })
`,
)

interface Running {
  pid: number
  heap: { total_physical_size: number }
  grow(): Promise<void>
}

/** Starts the program, and ends it with the test. */
async function holding(t: ExecutionContext, node: string, served: boolean): Promise<Running> {
  const before = served ? [process.execPath, main, 'run', '--'] : []
  const [file = '', ...args] = [...before, node, program]
  // Else superslab's part grows by whole huge pages, too.
  const env = plainEnvironment({ SUPERSLAB_THP: '0' })
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  const [heap] = await once(lines, 'line')
  return {
    pid: child.pid ?? 0,
    heap: JSON.parse(heap),
    grow: async () => {
      const answer = once(lines, 'line')
      child.stdin.write('\n')
      await answer
    },
  }
}

function explained(pid: number): Explanation {
  const found = explain(pid)
  if ('message' in found) throw new Error(found.message)
  return found
}

const bytesOf = ({ holders }: Explanation, kind: string) =>
  holders.filter((one) => one.kind === kind).reduce((sum, { bytes }) => sum + bytes, 0)

for (const served of [false, true])
  onLinux(`what node holds is attributed, ${served ? 'served' : 'not served'}`, async (t) => {
    const { pid, heap, grow } = await holding(t, process.execPath, served)
    const before = explained(pid)
    t.true(before.attributedBytes >= 0.95 * before.residentBytes, explanationText(before))
    // The main thread's heap, and the worker's: 8 MiB of numbers and some more.
    const v8 = bytesOf(before, 'v8-heap')
    t.true(v8 > heap.total_physical_size + 7 * mebibyte, explanationText(before))
    t.true(v8 < heap.total_physical_size + 40 * mebibyte, explanationText(before))
    t.true(Math.abs(bytesOf(before, 'v8-memory') - 500 * 65536) < mebibyte)
    const malloc = served ? 'superslab' : 'libc'
    t.true(bytesOf(before, malloc) > 30 * mebibyte)
    t.is(bytesOf(before, served ? 'libc' : 'superslab') < 3 * mebibyte, true)
    await grow()
    const after = explained(pid)
    const [most] = changes(before, after, 3)
    t.is(most?.kind, malloc)
    t.regex(
      most?.text ?? '',
      /(superslab|The C library's malloc) grew by (19|20|21)\.\d MiB in 3 s/,
    )
  })

onLinux('the command prints the table in 80 columns, and JSON', async (t) => {
  const { pid } = await holding(t, process.execPath, true)
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args])
  const { stdout } = await run('explain', `${pid}`)
  for (const line of stdout.split('\n')) t.true(line.length <= 80, line)
  t.regex(stdout, /^resident memory +\d+ MiB$/m)
  t.regex(stdout, /^ {2}superslab +\d/m)
  t.regex(stdout, /^ {2}live blocks +\d/m)
  t.regex(stdout, /^\d+ % of the resident memory is attributed\.$/m)
  const same = await run('status', `${pid}`, '--explain')
  t.regex(same.stdout, /^ {2}V8's heaps +\d/m)
  const json = JSON.parse((await run('explain', `${pid}`, '--json', '--seconds', '1')).stdout)
  t.is(json.pid, pid)
  t.true(Array.isArray(json.changes))
  t.is(json.superslab.ranges, undefined)
  const sum = json.holders.reduce((all: number, { bytes }: { bytes: number }) => all + bytes, 0)
  t.is(sum, json.residentBytes)
})

onLinux('a process that is not there is told as such', async (t) => {
  const { code, stderr } = await promisify(execFile)(process.execPath, [main, 'explain', '4194304'])
    .then(() => ({ code: 0, stderr: '' }))
    .catch((error) => error)
  t.is(code, 1)
  t.is(stderr, 'superslab: there is no process 4194304\n')
})

onLinux('a process publishes the addresses that belong to superslab', (t) => {
  const small = native.malloc(100)
  const aligned = native.alignedAlloc(4096, 4096)
  const large = native.malloc(8 * mebibyte)
  const found = readPublication(process.pid)
  if (!('stats' in found)) throw new Error(found.message)
  const kindAt = (address: number) =>
    found.ranges.find(({ start, end }) => address >= start && address < end)?.kind
  t.is(kindAt(small), 'headed')
  t.is(kindAt(aligned), 'blocks')
  t.is(kindAt(large), 'blocks')
  t.true(found.ranges.some(({ kind }) => kind === 'metadata'))
  for (const block of [small, aligned, large]) native.free(block)
})

onLinux(
  'the doctor says what holds the memory where the allocator is not the reason',
  async (t) => {
    const file = path.join(folder, 'objects.cjs')
    writeFileSync(
      file,
      // Large arrays of numbers, which the engine neither moves nor gives back in part while the doctor looks.
      `globalThis.kept = [1, 2, 3].map((i) => new Array(8e6).fill(i + 0.5))
setInterval(() => {}, 1e6)`,
    )
    const plan = [
      '--runs',
      '1',
      '--against',
      'none',
      '--no-get',
      '--duration',
      '3',
      '--settle',
      '1',
    ]
    const args = [main, 'doctor', ...plan, '--', process.execPath, file]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: plainEnvironment(),
    })
    t.regex(stdout, /This is not the allocator|the allocator is not the reason/)
    t.regex(stdout, /^At the end process \d+, the largest, had \d+ MiB resident:$/m)
    t.regex(stdout, /^ {2}V8's heaps +\d+(\.\d)? MiB$/m)
    t.regex(stdout, /^V8's heaps hold \d+(\.\d)? MiB, \d+ % of it/m)
  },
)

onLinux('with --profile the doctor says by line what holds the memory', async (t) => {
  const file = path.join(folder, 'kept.cjs')
  writeFileSync(
    file,
    `globalThis.kept = []
function planted() {
  kept.push(Buffer.alloc(2 ** 20, 1))
}
for (let i = 0; i < 200; i++) planted()
setInterval(() => {}, 1e6)`,
  )
  const plan = '--runs 1 --against none --no-get --duration 3 --settle 1 --profile'.split(' ')
  const args = [main, 'doctor', ...plan, '--', process.execPath, file]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: plainEnvironment() })
  t.regex(
    stdout,
    /^One more run with a profile: \d+ MiB of malloc's blocks were in use at its end/m,
  )
  const [, mebibytes] = /^ +(\d+)(?:\.\d)? MiB +planted \(?.*kept\.cjs:/m.exec(stdout) ?? []
  t.true(Number(mebibytes) > 150, stdout)
})

test('lines are wrapped at 80 columns', (t) => {
  const lines = wrapped('word '.repeat(40).trim())
  t.true(lines.every((line) => line.length <= 80 && !line.startsWith(' ')))
  t.is(lines.join(' '), 'word '.repeat(40).trim())
})

// ---- the libraries that asked, by a heap profile ----

test('a block is counted for the innermost library that is not the C library', (t) => {
  const raw = parseRaw(
    `superslab profile 1
process 1
program /usr/bin/node
start 1
time 2
interval 524288
stacks 3 10240
samples 3 0
stack 1 0 1 1000 1 1000 0 0 : 7001 5001 1001
stack 2 0 1 300 1 300 0 0 : 1001
stack 3 0 1 50 1 50 0 0 : 9001 1001
map 1000-2000 r-xp 00000000 00:15 1 /usr/bin/node
map 5000-6000 r-xp 00000000 00:15 2 /app/node_modules/a/build/a.node
map 7000-8000 r-xp 00000000 00:15 3 /usr/lib/libstdc++.so.6
end
`,
    'a test',
  )
  t.deepEqual(askers(raw), [
    { library: 'a.node', bytes: 1000 },
    { library: 'node', bytes: 300 },
    { library: 'compiled code', bytes: 50 },
  ])
})

onLinux(
  'a process that profiles itself says which libraries asked for its live blocks',
  async (t) => {
    const file = path.join(folder, 'asks.cjs')
    writeFileSync(
      file,
      `const kept = []
for (let i = 0; i < 40; i++) kept.push(Buffer.alloc(2 ** 20, 1))
setInterval(() => kept.push(Buffer.alloc(2 ** 16)), 20)
console.log('ready')`,
    )
    const child = spawn(process.execPath, [main, 'run', '--', process.execPath, file], {
      env: plainEnvironment({ SUPERSLAB_PROFILE: `${path.join(folder, 'asks.raw')},mean=65536` }),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(createInterface({ input: child.stdout }), 'line')
      const { stdout } = await promisify(execFile)(process.execPath, [
        main,
        'explain',
        String(child.pid),
      ])
      t.regex(stdout, /^live blocks, by the library that asked for them$/m)
      const [, mebibytes] = /^ {2}node +([\d.]+) MiB/m.exec(stdout) ?? []
      t.true(Number(mebibytes) > 30, stdout)
    } finally {
      child.kill('SIGKILL')
    }
  },
)
