import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { aliases, parseProfile } from '#dist/cli/bench/fleet'
import { Calls, call } from '#dist/cli/recording/calls'
import { writeProgram } from '#dist/cli/recording/file'
import { operation, type Program, programOf } from '#dist/cli/recording/program'
import { readRecording } from '#dist/cli/recording/read'
import { companionFile } from '#dist/load'
import { ended, main } from './support/cli.mjs'

const bench = companionFile('superslab-bench')

function folder(t: ExecutionContext): string {
  const place = mkdtempSync(path.join(tmpdir(), 'superslab-replay-'))
  t.teardown(() => rmSync(place, { recursive: true }))
  return place
}

type Line = Parameters<Calls['push']>

function program(...lines: Line[]): Program {
  const calls = new Calls()
  for (const line of lines) calls.push(...line)
  return programOf('test', { format: 'superslab', command: '', stopped: false, calls })
}

/** The operations of each thread as text. */
function listing({ threads }: Program): string[][] {
  const names = Object.fromEntries(Object.entries(operation).map(([name, what]) => [what, name]))
  return threads.map(({ words }) =>
    Array.from({ length: words.count }, (_, i) => {
      const [word, operand] = [words.all[2 * i] as number, words.all[2 * i + 1]]
      return `${names[word & 7]}${word & 8 ? '!' : ''} ${word >>> 4} ${operand}`
    }),
  )
}

test('calls become operations on slots, which are used again', (t) => {
  const made = program(
    [1, call.malloc, 100, 24],
    [1, call.calloc, 200, 48],
    [1, call.free, 100],
    [1, call.newAligned, 300, 64, 6],
    [1, call.release, 200],
    [1, call.malloc, 200, 8],
    [1, call.realloc, 400, 96, 0, 200],
    [1, call.deleteSized, 999],
    [1, call.threadEnds, 0],
  )
  t.deepEqual(listing(made), [
    [
      'malloc 0 24',
      'calloc 1 48',
      'free 0 0',
      'alignment 0 6',
      'aligned 0 64',
      'malloc 2 8',
      'realloc 1 96',
    ],
  ])
  t.like(made, { slots: 3, calls: 6, unmatched: 1, epochs: [] })
})

test('a thread waits for another thread’s earlier operation on a block', (t) => {
  const made = program(
    [1, call.malloc, 100, 24],
    [2, call.free, 100],
    [1, call.malloc, 100, 32],
    [2, call.malloc, 200, 40],
    [1, call.free, 200],
  )
  t.deepEqual(listing(made), [
    ['malloc! 0 24', 'wait 1 2', 'malloc 0 32', 'wait 1 3', 'free 1 0'],
    ['wait 0 1', 'free! 0 0', 'malloc! 1 40'],
  ])
  t.deepEqual(made.epochs, [2])
})

test('threads begin in the epoch of their first call, and are counted in each of theirs', (t) => {
  const lines = Array.from({ length: 9000 }, (_, i): Line => [1, call.malloc, i + 1, 16])
  lines.splice(8500, 0, [2, call.malloc, 10000, 16])
  const made = program(...lines)
  t.deepEqual(made.epochs, [1, 1, 2])
  t.is(made.threads[1]?.firstEpoch, 2)
  t.deepEqual(
    listing(made)[0]?.filter((line) => line.startsWith('epoch')),
    ['epoch 0 1', 'epoch 0 2'],
  )
})

test('blocks of more than 4 GiB are refused', (t) => {
  t.throws(() => program([1, call.malloc, 1, 2 ** 32]), {
    code: 'ERR_SUPERSLAB_RECORDING_DAMAGED',
    message: /4 GiB/,
  })
})

// ---- the workload ----

/** Random calls of several threads; each thread frees blocks of all. */
function random(threads: number, count: number): Program {
  let state = 7
  const draw = (most: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % most
  }
  const live: number[] = []
  const lines: Line[] = []
  for (let i = 0; i < count; i++) {
    const thread = draw(threads)
    const size = draw(10) === 0 ? draw(200_000) : draw(600)
    if (live.length > 500 || (live.length > 0 && draw(3) === 0)) {
      const [block = 0] = live.splice(draw(live.length), 1)
      if (draw(4) === 0 && size > 0) {
        lines.push([thread, call.release, block], [thread, call.realloc, i + 1, size, 0, block])
        live.push(i + 1)
      } else lines.push([thread, call.free, block])
    } else {
      const kind = [call.malloc, call.calloc, call.aligned][draw(3)] ?? call.malloc
      lines.push([thread, kind, i + 1, size, kind === call.aligned ? draw(12) : 0])
      live.push(i + 1)
    }
  }
  return program(...lines)
}

function replay(file: string, ...more: string[]) {
  const { status, stdout, stderr } = spawnSync(bench, ['replay', '--file', file, ...more], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { status, stderr, result: status === 0 ? JSON.parse(stdout) : undefined }
}

for (const threads of [1, 2, 7])
  test(`a program of ${threads} threads does the same work under each allocator`, (t) => {
    const file = path.join(folder(t), 'program')
    const made = random(threads, 30_000)
    writeProgram(file, made)
    const results = ['superslab', 'system'].map((name) => {
      const { status, stderr, result } = replay(file, '--allocator', name, '--ops', '1')
      t.is(status, 0, stderr)
      t.is(result.ops, made.calls)
      t.true(result.ownBytes > 8 * made.calls && result.peakRssBytes > 0)
      t.true(result.series.length > 0)
      return result
    })
    t.is(results[0].checksum, results[1].checksum)
    t.is(replay(file, '--ops', `${made.calls * 2 + 1}`).result.ops, made.calls * 3)
  })

test('the recordings in the tree are whole, small, and replay alike under both allocators', (t) => {
  const place = folder(t)
  const names = readdirSync('bench/recordings')
  t.true(names.length >= 3)
  for (const name of names) {
    const file = path.join('bench/recordings', name)
    t.true(statSync(file).size < 200_000)
    const recording = readRecording(file)
    const made = programOf(name, recording)
    t.false(recording.stopped)
    t.true(made.calls > 3000 && made.unmatched === 0, name)
    const input = path.join(place, name)
    writeProgram(input, made)
    const sums = ['superslab', 'system'].map((allocator) => {
      const { stderr, result } = replay(input, '--allocator', allocator, '--ops', '1')
      t.is(stderr, '')
      return result.checksum
    })
    t.is(sums[0], sums[1])
  }
})

test('a file of another format is refused', (t) => {
  const place = folder(t)
  const file = path.join(place, 'program')
  writeProgram(file, random(2, 3000))
  const whole = readFileSync(file)
  const refused = (bytes: Buffer | undefined, message: RegExp, ...more: string[]) => {
    if (bytes) writeFileSync(file, bytes)
    const { status, stderr } = replay(bytes ? file : path.join(place, 'missing'), ...more)
    t.is(status, 1)
    t.regex(stderr, message)
  }
  refused(undefined, /cannot be opened/)
  refused(Buffer.alloc(0), /not made by superslab bench replay/)
  refused(whole.subarray(0, whole.length - 4), /not made by superslab bench replay/)
  for (const word of [0, 1, 2, 3, 4, 8]) {
    const changed = Buffer.from(whole)
    changed.writeUInt32LE(0x7fffffff, word * 4)
    refused(changed, /not made by superslab bench replay/)
  }
  // A slot beyond the table, and a wait for a thread beyond the table.
  const first = 32 + 2 * 32 + (whole.readUInt32LE(16) ?? 0) * 4
  for (const wrong of [0x7ffffff0, 0x7ffffff5]) {
    const changed = Buffer.from(whole)
    changed.writeUInt32LE(wrong, first)
    refused(changed, /not made by superslab bench replay/)
  }
  t.is(spawnSync(bench, ['replay']).status, 1)
  t.is(spawnSync(bench, ['burst', '--file', file]).status, 2)
})

// ---- the command ----

async function superslab(...args: string[]) {
  return ended(process.execPath, [main, 'bench', ...args])
}

test('bench replay measures a trace, and reports the calls that it left out', async (t) => {
  const file = path.join(folder(t), 'some.trace')
  const lines = Array.from({ length: 400 }, (_, i) => [
    `7: malloc 0x${(i + 1).toString(16)}0 ${i * 10}`,
    `${7 + (i % 2)}: free 0x${(i + 1).toString(16)}0`,
  ])
  writeFileSync(file, ['7: free 0xabc0', ...lines.flat()].join('\n'))
  const { code, stdout, stderr } = await superslab('replay', file, '--ops', '1', '--json', '-')
  t.is(code, 0, stderr)
  const { cases } = JSON.parse(stdout)
  t.is(cases[0].label, 'some')
  t.is(cases[0].input, undefined)
  const [one] = cases[0].measurements.superslab
  t.is(one.ops, 800)
  t.true(one.series.length > 0 && one.ownBytes > 0)
  t.regex(stderr, /800 calls of 2 threads, at most \d+ live blocks?; 1 free of blocks that are not/)
})

test('bench fleet draws a profile at the given memory', async (t) => {
  const file = path.join(folder(t), 'small.csv')
  writeFileSync(file, '16, 1000, 500\n1000, 500.5, 2000\n70000, 3, 30\n8, 0, 5\n')
  const { code, stdout, stderr } = await superslab(
    ...['fleet', file, '--ops', '60000', '--live', '16', '--json', '-'],
  )
  t.is(code, 0, stderr)
  const { cases } = JSON.parse(stdout)
  t.is(cases[0].label, 'fleet small')
  const [one] = cases[0].measurements.system
  const [, live] = one.series.at(-1)
  t.true(live > 12 * 2 ** 20 && live < 20 * 2 ** 20, `${live}`)
})

test('an invalid profile is an error', (t) => {
  const file = path.join(folder(t), 'profile.csv')
  for (const text of ['', 'size,rate,live\n', '1,2\n', '16,-1,3\n', '16, 1, 2, 3\n', '16,,3\n']) {
    writeFileSync(file, text)
    t.throws(() => parseProfile(file), { code: 'ERR_SUPERSLAB_BENCH_FAILED' }, text)
  }
  t.throws(() => parseProfile('/no/such/file'), { code: 'ERR_SUPERSLAB_BENCH_FAILED' })
})

test('draws by the alias method have the weights', (t) => {
  const weights = [5, 1, 0, 3, 1]
  const table = aliases(weights)
  const shares = weights.map(() => 0)
  for (const [index, { keep, alias }] of table.entries()) {
    shares[index] = (shares[index] ?? 0) + keep / weights.length
    shares[alias] = (shares[alias] ?? 0) + (1 - keep) / weights.length
  }
  for (const [index, weight] of weights.entries())
    t.true(Math.abs((shares[index] ?? 0) - weight / 10) < 1e-9, `${index}`)
})

test('wrong arguments of suites that read files are errors', async (t) => {
  const file = path.join(folder(t), 'file')
  writeFileSync(file, 'hello')
  const wrong: [string[], RegExp][] = [
    [['replay'], /name the files/],
    [['replay', file], /ERR|neither a recording nor a trace/],
    [['replay', file, '--threads', '2'], /it has --ops/],
    [['replay', file, '--in-process'], /process of its own/],
    [['fleet', file], /line 1 is not a size/],
    [['fleet', file, '--size', '16'], /takes sizes and all else from the file/],
    [['burst', file], /burst reads no files/],
  ]
  for (const [args, message] of wrong) {
    const { code, stderr } = await superslab(...args)
    t.is(code, 1, args.join(' '))
    t.regex(stderr, message)
  }
})
