import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  fstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { native, stats, trim, version } from 'superslab'
import { shortCommand } from '#dist/cli/processes'
import { listing, overview, type Row } from '#dist/cli/status'
import { preloadFile } from '#dist/preload'
import {
  type Publication,
  printable,
  readInTime,
  readPublication,
  readPublications,
  statNames,
  timeLimitOfOneMs,
} from '#dist/publication'
import { ended, main, plainEnvironment } from './support/cli.mjs'
import { testUnless, works } from './support/needs.mjs'
import { start } from './support/workers.mjs'

const isLinux = process.platform === 'linux'
const onLinux = isLinux ? test : test.skip
const serialOnLinux = isLinux ? test.serial : test.serial.skip

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
  const found = readPublication(pid, timeLimitOfOneMs)
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
  t.regex(all.stdout, new RegExp(`^ *${child.pid} +[\\d.]+ MiB +64\\.0 MiB .*node --eval`, 'm'))
  const json = JSON.parse((await status(String(child.pid), '--json')).stdout)
  t.like(json, { pid: child.pid, version })
  t.is(json.stats.liveBlocks, 64)
})

onLinux('status gives the reason where it cannot show any', async (t) => {
  const child = spawn('sleep', ['60'])
  t.teardown(() => child.kill())
  const cases: [number, string, RegExp][] = [
    [child.pid ?? 0, 'not-active', /is not served: its environment has no LD_PRELOAD/],
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

// ---- the listing ----

const row = (pid: number, resident: number, command: string): Row => ({
  pid,
  hardened: 0,
  residentBytes: resident * 2 ** 20,
  command,
  stats: { ...stats(), liveBytes: 2 ** 20, dirtyBytes: 2 ** 30, cachedBytes: 2 ** 10 },
})

test('the listing fits 40, 60 and 80 columns, with the command’s name', (t) => {
  const rows = [row(4194304, 12345, 'node server.js --port 3000 --workers 8 --trace-warnings')]
  for (const [width, names] of [
    [40, 'pid resident live command'],
    [60, 'pid resident live dirty command'],
    [80, 'pid resident live dirty cached command'],
  ] as const) {
    const lines = overview(rows, width).split('\n')
    for (const line of lines) t.true(line.length <= width, `${width}: ${line}`)
    t.is(lines[0]?.trim().replace(/ +/g, ' '), names)
    t.regex(lines[1] ?? '', / node ser/)
  }
  t.regex(overview(rows, 200), / node server\.js --port 3000 --workers 8 --trace-warnings$/)
})

test('the listing has a column for the level where a process has a hardened library', (t) => {
  const rows = [row(7, 10, 'node a.js'), { ...row(8, 10, 'node b.js'), hardened: 2 as const }]
  const shown = overview(rows, 80).split('\n')
  t.regex(shown[0] ?? '', / hardened {2}command$/)
  t.regex(shown[1] ?? '', / - {2}node a\.js$/)
  t.regex(shown[2] ?? '', / 2 {2}node b\.js$/)
  for (const line of overview(rows, 47).split('\n')) t.notRegex(line, /hardened/)
  for (const line of overview(rows, 48).split('\n')) t.true(line.length <= 48, line)
})

test('a command is shown by its program and its script, without their folders', (t) => {
  t.is(shortCommand(['/usr/bin/node', '/srv/app/server.js', '/data']), 'node server.js /data')
  const flags = ['--max-old-space-size=100', '/srv/node_modules/@nestjs/cli/bin/nest.js', 'start']
  t.is(shortCommand(['/usr/bin/node', ...flags]), `node ${flags[0]} @nestjs/cli/nest.js start`)
  t.is(shortCommand(['npm run start']), 'npm run start')
  t.is(shortCommand([]), '')
})

/** A served process of some memory. */
async function server(t: ExecutionContext, mebibytes: number): Promise<number> {
  const text = `const b = Buffer.alloc(${mebibytes} << 20, 1); console.log(1); setInterval(() => b, 1e6)`
  const child = spawn(process.execPath, [main, 'run', process.execPath, '--eval', text])
  t.teardown(() => child.kill('SIGKILL'))
  await once(createInterface(child.stdout), 'line')
  return child.pid ?? 0
}

onLinux('the listing is sorted by resident memory, as JSON too', async (t) => {
  const small = await server(t, 1)
  const large = await server(t, 100)
  const { stdout } = await status()
  const place = (pid: number) => stdout.search(new RegExp(`^ *${pid} `, 'm'))
  t.true(place(large) >= 0 && place(large) < place(small), stdout)
  const all = JSON.parse((await status('--json')).stdout) as (Row & Publication)[]
  const own = all.filter(({ pid }) => pid === small || pid === large)
  t.deepEqual(
    own.map(({ pid }) => pid),
    [large, small],
  )
  t.true((own[0]?.residentBytes ?? 0) > 100 * 2 ** 20)
  t.regex(own[0]?.command ?? '', /^node --eval/)
})

onLinux('--watch shows the figures again and again', async (t) => {
  const pid = await server(t, 1)
  const child = spawn(process.execPath, [main, 'status', `${pid}`, '--watch', '0.1', '--json'])
  t.teardown(() => child.kill())
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) if (lines.push(line) === 3) break
  for (const line of lines) t.is((JSON.parse(line) as Publication).pid, pid)
  t.is((await status('--watch', '0')).code, 1)
  process.kill(pid, 'SIGKILL')
})

onLinux('--watch of a process ends with it, and fails', async (t) => {
  const pid = await server(t, 1)
  const watching = status(String(pid), '--watch', '0.1')
  await setTimeout(500)
  process.kill(pid, 'SIGKILL')
  const { code, stderr } = await watching
  t.is(code, 1)
  t.regex(stderr, /there is no process/)
})

// ---- check ----

function check(...args: string[]) {
  return ended(process.execPath, [main, 'check', ...args])
}

onLinux('check succeeds for a served process and fails for others, with the reason', async (t) => {
  const served = await server(t, 1)
  const good = await check(String(served))
  t.is(good.code, 0, good.stderr)
  t.regex(good.stdout, new RegExp(`^superslab: process ${served} is served \\(node --eval`))
  t.is((await check('--quiet', String(served))).stdout, '')
  const other = spawn('sleep', ['60'])
  t.teardown(() => other.kill())
  const bad = await check(String(served), String(other.pid))
  t.is(bad.code, 1)
  t.is(bad.stdout, '')
  const reason = `process ${other.pid} is not served: its environment has no LD_PRELOAD`
  t.regex(bad.stderr, new RegExp(`^superslab: ${reason}.* \\(sleep 60\\)\n$`))
  t.is((await check(String(2 ** 22 + 1))).code, 1)
})

onLinux('check fails for a Node that has the package and another malloc', async (t) => {
  const program = "require('superslab').alloc(100); console.log(1); setInterval(() => {}, 1e6)"
  const child = spawn(process.execPath, ['--eval', program], { env: plainEnvironment() })
  t.teardown(() => child.kill())
  await once(child.stdout, 'data')
  const { code, stderr } = await check(String(child.pid))
  t.is(code, 1)
  t.regex(stderr, /uses superslab for Buffers and addons, but not as its malloc: .* no LD_PRELOAD/)
  const shown = await status(String(child.pid))
  t.regex(
    shown.stdout,
    /^process \d+ uses superslab for Buffers and addons, but not as its malloc/m,
  )
})

onLinux('status and check name the library that the loader did not load', async (t) => {
  const env = { ...process.env, LD_PRELOAD: '/nowhere/libsuperslab.so' }
  const child = spawn('sleep', ['60'], { env, stdio: 'ignore' })
  t.teardown(() => child.kill())
  await once(child, 'spawn')
  const { stderr } = await status(String(child.pid))
  t.regex(stderr, /LD_PRELOAD is \/nowhere\/libsuperslab\.so, which the loader did not load/)
})

onLinux('status names SUPERSLAB_CHILDREN where it excludes the process', async (t) => {
  const env = { ...process.env, LD_PRELOAD: preloadFile(), SUPERSLAB_CHILDREN: 'node,root=1:1' }
  const child = spawn('cat', { env })
  t.teardown(() => child.kill())
  child.stdin.write('up\n')
  await once(child.stdout, 'data')
  const { stderr } = await status(String(child.pid))
  t.regex(stderr, /has loaded superslab and is not served: SUPERSLAB_CHILDREN=node excludes it/)
})

const alone = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c']
const inNamespace = testUnless(
  (process.platform !== 'linux' && 'check needs Linux') ||
    (!works('unshare', ...alone, 'true') && 'unshare is not permitted'),
)

/** In a process namespace of its own, as in a container. */
inNamespace('check without a pid wants every other Node served, and at least one', async (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'superslab-check-'))
  t.teardown(() => rmSync(place, { recursive: true }))
  const inside = (script: string) => ended('unshare', [...alone, script])
  const node = process.execPath
  const checked = `${node} ${main} check; echo code $?`
  const beside = (name: string, command: string) => {
    const file = path.join(place, name)
    const wait = `require('fs').writeFileSync('${file}', ''); setInterval(() => {}, 1e6)`
    return inside(
      `${command} -e "${wait}" & while [ ! -e ${file} ]; do sleep 0.05; done; ${checked}`,
    )
  }
  const served = await beside('served', `${node} ${main} run -- ${node}`)
  t.regex(served.stdout, /is served \(node -e[\s\S]*code 0/, served.stderr)
  const unserved = await beside('unserved', node)
  t.regex(unserved.stderr, /is not served.*node -e/)
  t.regex(unserved.stdout, /code 1/)
  // As npx, which stays the parent of what it runs.
  const launcher = path.join(place, 'launcher.js')
  const words = JSON.stringify([main, 'run', node, '-e'])
  const spawned = `require('child_process').spawn(process.execPath, [...${words}, process.argv[3]])`
  writeFileSync(launcher, spawned)
  const launched = await beside('launched', `${node} ${launcher}`)
  t.regex(launched.stdout, /code 0/, launched.stderr)
  const none = await inside(checked)
  t.regex(none.stderr, /found no Node/)
  t.regex(none.stdout, /code 1/)
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
  const message = `process ${child} cannot be read: its files were not read within 250 ms`
  t.deepEqual(result, { pid: child, reason: 'unreadable', message })
  t.true(read >= 250 && read < 300, `${read}`)
})

onLinux('a file in /proc that keeps its reader waiting is given up', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-status-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'fifo')
  execFileSync('mkfifo', [file])
  t.is(readInTime(file), undefined)
  const patient = 60_000 // a machine may be busy
  t.regex(readInTime(`/proc/${process.pid}/maps`, patient) ?? '', /\[stack\]/)
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
