import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { native, stats, trim, version } from 'superslab'
import { listing } from '#dist/cli/status'
import {
  type Publication,
  printable,
  readInTime,
  readPublication,
  readPublications,
  statNames,
} from '#dist/publication'
import { start } from './support/workers.mjs'

const isLinux = process.platform === 'linux'
const onLinux = isLinux ? test : test.skip
const serialOnLinux = isLinux ? test.serial : test.serial.skip
const main = path.resolve('dist/cli/main.js')

interface Output {
  stdout: string
  stderr: string
  code?: number
}

function status(...args: string[]): Promise<Output> {
  const limit = { timeout: 60_000, killSignal: 'SIGKILL' } as const // a guard against hangs
  return promisify(execFile)(process.execPath, [main, 'status', ...args], limit).catch(
    (error) => error,
  )
}

function published(pid: number): Publication {
  const found = readPublication(pid)
  if (!('stats' in found)) throw new Error(found.message)
  return found
}

test('the page has every statistic, in the order of the C structure', (t) => {
  const { heap: _, ...core } = stats()
  const names: string[] = [...statNames]
  t.deepEqual(names, Object.keys(core))
})

serialOnLinux('a process publishes the same statistics as its stats', (t) => {
  const blocks = [100, 10_000, 1_000_000].map(native.malloc)
  trim()
  const { version: there, time, stats: read } = published(process.pid)
  const own = stats()
  t.is(there, version)
  t.true(Math.abs(Date.now() - time.getTime()) < 60_000)
  for (const name of ['liveBlocks', 'liveBytes', 'largeBytes', 'committedBytes'] as const)
    t.is(read[name], own[name], name)
  blocks.forEach(native.free)
})

/** The target of a descriptor; undefined if it is closed by now. */
function targetOf(descriptor: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}

serialOnLinux(
  'the page’s descriptor lies above those of the program and is closed by exec',
  (t) => {
    const open = readdirSync('/proc/self/fd').map(Number)
    const descriptor = open.find((one) => targetOf(one).startsWith('/memfd:superslab')) ?? -1
    t.true(descriptor >= 56) // the end of the smallest table, or far beyond it
    t.is(fstatSync(descriptor).size, 4096)
    const flags = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8').match(/flags:\s+(\d+)/)
    const closeOnExec = 0o2000000
    t.not(Number.parseInt(flags?.[1] ?? '0', 8) & closeOnExec, 0)
  },
)

serialOnLinux('a reader never sees half of a change', async (t) => {
  // Another thread publishes as fast as it can, with and without a block of 3 MiB in turn.
  const stop = new Int32Array(new SharedArrayBuffer(4))
  t.teardown(() => Atomics.store(stop, 0, 1))
  trim()
  const { message, ended } = start<string>('publish', { stop })
  t.is(await message, 'running')
  const times = new Set<number>()
  for (let i = 0; i < 2000; i++) {
    const { stats: read, time } = published(process.pid)
    times.add(time.getTime())
    t.is(read.largeBytes % (3 * 2 ** 20), 0)
    t.true(read.liveBytes + read.cachedBytes >= read.largeBytes)
  }
  t.true(times.size > 1)
  Atomics.store(stop, 0, 1)
  await ended
})

onLinux('status shows the statistics of another process', async (t) => {
  const lines = [
    `const { native, trim } = require(${JSON.stringify(path.resolve('dist/index.js'))})`,
    'for (let i = 0; i < 64; i++) native.malloc(1 << 20)',
    'trim()',
    "console.log('ready')",
    'setInterval(() => {}, 1000)',
  ]
  const child = spawn(process.execPath, ['--eval', lines.join(';')])
  t.teardown(() => child.kill())
  await once(createInterface(child.stdout), 'line')
  const { stdout } = await status(String(child.pid))
  t.regex(stdout, new RegExp(`^superslab ${version} serves process ${child.pid} `))
  t.regex(stdout, /^live +64\.0 MiB {2}in 64 blocks$/m)
  t.regex(stdout, /^resident +[\d.]+ MiB/m)
  t.regex(stdout, /^as of .* s ago$/m)

  const all = await status()
  t.regex(all.stdout, new RegExp(`^ *${child.pid} +64\\.0 MiB`, 'm'))
  const json = JSON.parse((await status(String(child.pid), '--json')).stdout)
  t.like(json, { pid: child.pid, version })
  t.is(json.stats.liveBlocks, 64)
})

onLinux('status gives the reason where it cannot show any', async (t) => {
  const child = spawn('sleep', ['60'])
  t.teardown(() => child.kill())
  const cases: [number, string, RegExp][] = [
    [child.pid ?? 0, 'not-active', /does not serve process/],
    [2 ** 22 + 1, 'no-such-process', /there is no process/],
  ]
  for (const [pid, reason, message] of cases) {
    const { stdout, stderr, code } = await status(String(pid))
    t.is(code, 1)
    t.is(stdout, '')
    t.regex(stderr, message)
    t.is(JSON.parse((await status(String(pid), '--json')).stdout).reason, reason)
  }
  t.is((await status('0')).code, 1)
  t.is((await status('x')).code, 1)
})

onLinux('a process that ended and was not waited for is no process', async (t) => {
  const child = spawn('/bin/sh', ['-c', 'sleep 1 & echo $!; exec sleep 60'])
  t.teardown(() => child.kill())
  const [line] = await once(createInterface(child.stdout), 'line')
  const isOver = () => / Z /.test(readFileSync(`/proc/${line}/stat`, 'utf8'))
  while (!isOver()) await setTimeout(10)
  t.like(readPublication(Number(line)), { reason: 'no-such-process' })
})

/** The clock advances by a millisecond whenever it is read; returns the number of times. */
function countReadings(during: () => void): number {
  const { now } = performance
  let read = 0
  performance.now = () => read++
  try {
    during()
  } finally {
    performance.now = now
  }
  return read
}

serialOnLinux('a listing has a time limit, and says how many processes it left out', (t) => {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length
  t.true(all > 2)
  const { found, left } = readPublications(0)
  t.deepEqual(found, [])
  t.true(left > 0)
  const { complaint, text } = listing(false, 0)
  t.regex(complaint, /^superslab: \d+ processes were not read within 0 s$/)
  t.is(text, 'superslab serves no process that this user may read.')
  t.deepEqual(JSON.parse(listing(true, 0).text), [])
  t.is(listing(false).complaint, '')
  // One reading begins it, and one finds that its time is up.
  t.is(
    countReadings(() => t.true(readPublications(1).left > 0)),
    2,
  )
  // Each process takes more than one.
  t.true(countReadings(() => t.true(readPublications(5000).left >= 0)) < 5000 + 300)
})

serialOnLinux('a process with very many files has a time limit', async (t) => {
  const count = 2000
  const lines = `import os, time; held = [os.open('/dev/null', os.O_RDONLY) for i in range(${count})]`
  const child = await python(t, lines)
  if (child === undefined) return
  let result: unknown
  const read = countReadings(() => {
    result = readPublication(child)
  })
  const message = `process ${child} cannot be read: it has too many files for 250 ms`
  t.deepEqual(result, { pid: child, reason: 'unreadable', message })
  t.true(read >= 250 && read < 300, `${read}`)
})

onLinux('a file in /proc that keeps its reader waiting is given up', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-status-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'fifo')
  execFileSync('mkfifo', [file])
  t.is(readInTime(file), undefined)
  t.regex(readInTime(`/proc/${process.pid}/maps`) ?? '', /\[stack\]/)
})

/** Runs Python, which can make a page of any contents. */
async function impostor(t: ExecutionContext, body: string): Promise<number | undefined> {
  const start = [
    'import os, struct, sys, time',
    'def page(version=b"1", when=0, sequence=0, layout=1, size=4096):',
    '    file = os.memfd_create("superslab")',
    '    head = struct.pack("<IIIIQI16s", 0x424c5353, layout, sequence, os.getpid(), when, 18, version)',
    '    os.truncate(file, size)',
    '    os.pwrite(file, head, 0)',
    '    return file',
  ]
  return python(t, [...start, body].join('\n'))
}

/** Undefined where there is no python3: under CI, which installs it, that is a failure. */
async function python(t: ExecutionContext, body: string): Promise<number | undefined> {
  const child = spawn('python3', [
    '-c',
    [body, 'print("ready", flush=True)', 'time.sleep(600)'].join('\n'),
  ])
  t.teardown(() => child.kill('SIGKILL'))
  const started = await Promise.race([
    once(createInterface(child.stdout), 'line').then(() => true),
    once(child, 'error').then(() => false),
  ])
  if (!started && process.env.CI) t.fail('there is no python3')
  else if (!started) t.pass('there is no python3')
  return started ? child.pid : undefined
}

serialOnLinux(
  'a page that never settles, 200 times, neither holds up nor ends the listing',
  async (t) => {
    const pid = await impostor(t, 'pages = [page(sequence=1) for i in range(200)]')
    if (pid === undefined) return
    const read = countReadings(() => t.like(readPublication(pid), { reason: 'not-yet' }))
    t.true(read >= 250 && read < 300, `${read}`)
    const { code, stdout } = await status()
    t.is(code, undefined)
    t.false(new RegExp(`^ *${pid} `, 'm').test(stdout))
  },
)

serialOnLinux('a FIFO with the page’s name is not opened', async (t) => {
  if (process.getuid?.() !== 0) {
    t.pass('only root may make a file in the root folder')
    return
  }
  const lines = [
    'os.mkfifo("/memfd:superslab")',
    'held = os.open("/memfd:superslab", os.O_RDONLY | os.O_NONBLOCK)',
    'os.unlink("/memfd:superslab")',
    'large = page(size=8192)',
  ]
  const pid = await impostor(t, lines.join('\n'))
  if (pid === undefined) return
  const { code, stdout } = await status(String(pid), '--json') // would wait for a writer
  t.is(code, 1)
  t.is(JSON.parse(stdout).reason, 'not-yet')
})

onLinux('text from another process reaches the terminal escaped', async (t) => {
  const pid = await impostor(t, 'one = page(version=b"\\x1b[31m\\x9bx")')
  if (pid === undefined) return
  const { stdout } = await status(String(pid))
  t.true(stdout.startsWith('superslab \\x1b[31m\\x9bx serves process'))
  const other = await impostor(t, 'one = page(version=b"\\x1b[31m", layout=9)')
  const { stderr } = await status(String(other))
  t.true(stderr.includes('\\x1b[31m'))
  for (const text of [stdout, stderr]) t.false(/\p{Cc}/u.test(text.replaceAll('\n', '')))
  t.is(printable('a\u202eb\u001b\n'), 'a\\u{202e}b\\x1b\\x0a')
})

onLinux('an invalid time is reported, and does not end the listing', async (t) => {
  const pid = await impostor(t, 'one = page(when=2**64 - 1)')
  if (pid === undefined) return
  t.like(readPublication(pid), { pid })
  const { code } = await status()
  t.is(code, undefined)
})
