// native/gdb/superslab.py: what it knows of the structures, and on a process with the stripped preload library.
// native/test/process/debugger.c has it on a core file.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { plainEnvironment } from './support/cli.mjs'

const script = 'native/gdb/superslab.py'

test('the script knows the numbers of the table by their names and order', (t) => {
  const layout = readFileSync(
    execFileSync('git', ['ls-files', '*/layout.h'], { encoding: 'utf8' }).trim(),
    'utf8',
  )
  const python = readFileSync(script, 'utf8')
  const there = [...layout.matchAll(/^ {4}NUMBER\((\w+),/gm)].map(([, name]) => name)
  const known = python
    .match(/^NAMES = """([^"]*)"""/m)?.[1]
    ?.trim()
    .split(/\s+/)
  t.true(there.length > 40)
  t.deepEqual(known, there)
  t.is(python.match(/^VERSION = (\d+)$/m)?.[1], layout.match(/VERSION (\d+)u$/m)?.[1])
})

const answer = spawnSync('gdb', ['-q', '-batch', '-nx', '-ex', 'python print(6 * 7)'], {
  encoding: 'utf8',
})
const missing = process.platform !== 'linux' || !/^42$/m.test(answer.stdout ?? '')
const run = missing ? test.skip : test

run(
  `a served node whose library is stripped${missing ? ': no gdb with Python here' : ''}`,
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'superslab-gdb-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const library = path.join(folder, 'libsuperslab.so')
    execFileSync('strip', ['--strip-all', '-o', library, 'build/Release/libsuperslab.so'])
    const program = `
    const { native } = require('superslab')
    console.log(String(native.malloc(5000)), String(native.malloc(500000)), String(native.malloc(0)))
    setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['-e', program], {
      env: plainEnvironment({ LD_PRELOAD: library, SUPERSLAB_DECAY: '-1' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    const [line] = await once(child.stdout, 'data')
    const [small = '', large = '', empty = ''] = String(line).trim().split(' ')
    const blocks = [small, large, empty, String(BigInt(empty) + 16n)]
    const commands = [...blocks.map((block) => `superslab block ${block}`), 'superslab spaces']
    const { stdout, stderr } = spawnSync(
      'gdb',
      [
        ...['-q', '-batch', '-nx', '-p', String(child.pid), '-x', script],
        ...commands.flatMap((command) => ['-ex', command]),
      ],
      { encoding: 'utf8' },
    )
    if (/ptrace: Operation not permitted/.test(stderr)) {
      t.log('skipped: this system lets no process be traced')
      t.pass()
      return
    }
    const at = (address: string) => `0x${BigInt(address).toString(16)}`
    t.regex(stdout, new RegExp(`^block: ${at(small)} \\+ 0, live, usable \\d+, index \\d+$`, 'm'))
    t.regex(stdout, new RegExp(`^block: ${at(large)} \\+ 0, live, large, usable 524288,`, 'm'))
    t.regex(stdout, new RegExp(`^block: ${at(empty)} \\+ 0, live, of no bytes$`, 'm'))
    t.regex(stdout, /^block: 0x\w+ \+ 0, not live, of no bytes$/m)
    t.regex(stdout, /^space 0: headed, 0x/m)
  },
)

/** The library's probes, as a tracer counts them: gdb stops at the addresses of the notes. */
run(
  `a tracer counts as many probes as the profile has samples${missing ? ': no gdb here' : ''}`,
  (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'superslab-probes-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const raw = path.join(folder, 'heap.raw')
    const environment = {
      LD_PRELOAD: path.resolve('build/Release/libsuperslab.so'),
      SUPERSLAB_CHILDREN: 'all',
      SUPERSLAB_PROFILE: `${raw},mean=65536`,
    }
    const probes = ['alloc', 'free']
    const words = ['random-mixed', '--allocator', 'system', '--threads', '1', '--ops', '20000']
    const commands = [
      ...['set breakpoint pending on', 'set startup-with-shell off'],
      ...Object.entries(environment).map((pair) => `set environment ${pair.join(' ')}`),
      ...probes.map((name) => `break -probe-stap otel_memory:${name}`),
      ...['ignore 1 1000000', 'ignore 2 1000000', 'run', 'info breakpoints'],
    ]
    const { stdout } = spawnSync(
      'gdb',
      [
        ...['-q', '-batch', '-nx', ...commands.flatMap((command) => ['-ex', command])],
        ...['--args', 'build/Release/superslab-bench', ...words],
      ],
      { encoding: 'utf8', env: plainEnvironment() },
    )
    const counts = [...stdout.matchAll(/already hit (\d+) times/g)].map(([, count]) =>
      Number(count),
    )
    const written = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'))
    const [, taken = '', lost] = written[0]?.match(/^samples (\d+) (\d+)$/m) ?? []
    t.true(Number(taken) > 10, stdout)
    t.is(lost, '0')
    const inUse = written[0]?.match(/^stack \d+ 0 (?!0 0 )/gm)?.length ?? 0
    // The workload frees all. The process keeps a few blocks of its own until its end, which are seldom sampled.
    t.true(inUse <= 2, stdout)
    t.deepEqual(counts, [Number(taken), Number(taken) - inUse], stdout)
  },
)
