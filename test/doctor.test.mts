import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import test from 'ava'
import { installedLibrary, peerNames } from '#dist/cli/bench/allocators'
import { browserFile, drawnCharts, withPage } from './support/browser.mjs'
import { testUnless, works } from './support/needs.mjs'

const onLinux = process.platform === 'linux' ? test : test.skip

const folder = mkdtempSync(path.join(tmpdir(), 'superslab-doctor-'))
test.after.always(() => rmSync(folder, { recursive: true }))

interface Trial {
  condition: string
  samples: { seconds: number; bytes: number; processes: number }[]
  answers?: { requests: number; statuses: Record<string, number> }
  workSeconds?: number
  peakBytes: number
  finalBytes: number
  cpuSeconds: number
  exit: { code: number | null; signal: string | null }
  stopped: boolean
  served: boolean
}

interface Diagnosis {
  verdict: { kind: string; lines: string[] }
  trials: Trial[]
}

async function doctor(...args: string[]) {
  const run = promisify(execFile)(process.execPath, ['dist/cli/main.js', 'doctor', ...args])
  const { stdout, stderr, code = 0 } = await run.catch((error) => error)
  return { stdout: stdout as string, stderr: stderr as string, code: code as number }
}

/** With the system's malloc and superslab alone, once each. */
async function diagnosed(name: string, options: string[], command: string[]) {
  const json = path.join(folder, `${name}.json`)
  const few = ['--runs', '1', '--settle', '0.3', '--against', 'none', '--json', json]
  const output = await doctor(...few, ...options, '--', ...command)
  const diagnosis = existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) : undefined
  return { ...output, ...(diagnosis as Diagnosis) }
}

/** Below the ports that the system gives to clients. */
function freePort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(freePort()))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)))
  })
}

function node(program: string): string[] {
  return [process.execPath, '--eval', program]
}

/** Spins for a number of milliseconds of processor time. */
const spin = (ms: number) =>
  `const s = process.cpuUsage(); while (process.cpuUsage(s).user < ${ms}e3);`

onLinux('a server is given its load, watched, stopped, and shown on a page', async (t) => {
  const port = await freePort()
  const page = path.join(folder, 'server.html')
  const server = node(`require('net').createServer((s) => s.end('x')).listen(${port}, '127.0.0.1')`)
  const load = `${process.execPath} -e "${spin(600)} require('net').connect(${port}, '127.0.0.1').resume()"`
  const options = ['--port', String(port), '--load', load, '--html', page]
  const { stdout, code, trials, verdict } = await diagnosed('server', options, server)
  t.is(code, 0, stdout)
  t.deepEqual(
    trials.map(({ condition }) => condition),
    ['system', 'superslab'],
  )
  for (const trial of trials) {
    t.like(trial, { stopped: true, served: true, exit: { code: null, signal: 'SIGTERM' } })
    t.truthy(trial.workSeconds)
    t.true(trial.samples.length > 3)
    t.true(trial.peakBytes >= trial.finalBytes && trial.finalBytes > 10 * 2 ** 20)
    // The load's processor time is not the server's.
    t.true(trial.cpuSeconds < 0.6, `${trial.cpuSeconds}`)
  }
  t.true(stdout.includes(verdict.lines[0] ?? ' '))
  t.regex(stdout, /^superslab +[\d.]+ MiB ±/m)

  if (browserFile === undefined) {
    t.log('the page was not drawn: no Chromium is installed (Debian: chromium)')
    return
  }
  await withPage(page, async ({ page: shown, complaints }) => {
    const [chart] = await drawnCharts(shown)
    t.deepEqual(complaints, [])
    t.deepEqual(chart?.names, ['system', 'superslab'])
    t.true((chart?.colours ?? 0) > 10)
    t.is(await shown.locator('.summary strong').innerText(), verdict.lines[0] ?? '')
    t.is(await shown.locator('tbody tr').count(), 2)
  })
})

onLinux(
  'two arenas and installed allocators are tried beside the system’s malloc and superslab',
  async (t) => {
    const peers = peerNames.filter((name) => installedLibrary(name))
    if (peers.length === 0) t.log(`none of ${peerNames.join(', ')} is installed`)
    const json = path.join(folder, 'peers.json')
    const port = await freePort()
    const work = ['--port', String(port), '--duration', '0.1', '--no-get']
    const options = ['--runs', '1', '--settle', '0.1', ...work, '--json', json]
    const command = node(`require('net').createServer().listen(${port}, '127.0.0.1')`)
    const { stderr } = await doctor(...options, '--', ...command)
    const { trials } = JSON.parse(readFileSync(json, 'utf8')) as Diagnosis
    const names = trials.map(({ condition }) => condition)
    const tried = peers.flatMap((name) => (name === 'jemalloc' ? [name, 'jemalloc-tuned'] : [name]))
    t.deepEqual(names, ['system', 'system-2-arenas', 'superslab', ...tried], stderr)
    for (const { condition, served, exit } of trials) {
      t.true(served, condition)
      t.is(exit.signal, 'SIGTERM', condition)
    }
  },
)

onLinux('for a command that ends by itself all processes count', async (t) => {
  const child = `${process.execPath} -e 'const b = Buffer.alloc(64 << 20, 1); ${spin(600)}'`
  const command = ['/bin/sh', '-c', `${child} & ${child} & wait`]
  const { trials, stdout } = await diagnosed('tree', [], command)
  for (const { samples, peakBytes, cpuSeconds, exit, stopped } of trials) {
    t.like(exit, { code: 0, signal: null })
    t.false(stopped)
    t.true(Math.max(...samples.map(({ processes }) => processes)) >= 3, stdout)
    t.true(peakBytes > 128 * 2 ** 20)
    t.true(cpuSeconds >= 1.2, `${cpuSeconds}`)
  }
})

onLinux('the processor time of workers counts that their parent does not wait for', async (t) => {
  // The worker says when it has worked, however long that took; it then waits for two seconds to be seen.
  const done = path.join(folder, 'worked')
  const program = `${spin(500)} fs.writeFileSync("${done}", ""); setInterval(() => {}, 1000)`
  const parent = `rm -f ${done}; ${process.execPath} -e '${program}' & p=$!
    while [ ! -e ${done} ]; do sleep 0.05; done; sleep 2; kill -9 $p; exec sleep 0.2`
  const { trials } = await diagnosed('cluster', [], ['/bin/sh', '-c', parent])
  for (const { cpuSeconds } of trials) t.true(cpuSeconds >= 0.5, `${cpuSeconds}`)
})

onLinux('processes that the command leaves behind are ended', async (t) => {
  const file = path.join(folder, 'left.pid')
  const command = ['/bin/sh', '-c', `sleep 1000 & echo $! > ${file}; sleep 0.5`]
  await diagnosed('left', [], command)
  const left = Number(readFileSync(file, 'utf8'))
  t.true(hasEnded(left))
})

onLinux('a process that starts and loses its parent between two looks is ended', async (t) => {
  const file = path.join(folder, 'unseen.pid')
  const command = ['/bin/sh', '-c', `sleep 1000 & echo $! > ${file}`]
  await diagnosed('unseen', ['--interval', '100000'], command)
  t.true(hasEnded(Number(readFileSync(file, 'utf8'))))
})

onLinux(
  'a process that left the session and keeps the standard error open is not waited for',
  async (t) => {
    const file = path.join(folder, 'escaped.pid')
    const command = ['/bin/sh', '-c', `setsid sleep 1000 & echo $! >> ${file}; exec sleep 0.05`]
    const { trials } = await diagnosed('escaped', ['--interval', '100000'], command)
    t.is(trials.length, 1)
    for (const left of readFileSync(file, 'utf8').trim().split('\n').map(Number))
      if (!hasEnded(left)) process.kill(left)
  },
)

/** The process may still be a zombie. */
function hasEnded(pid: number): boolean {
  const file = `/proc/${pid}/stat`
  return !existsSync(file) || /\) Z /.test(readFileSync(file, 'utf8'))
}

onLinux('a recording replaces a command, without the memory of its replay', async (t) => {
  const file = path.join(folder, 'burst.trace')
  const block = (i: number) => `0x${(0x10000 + i * 0x1000).toString(16)}`
  const each = Array.from({ length: 30_000 }, (_, i) => i)
  const lines = [
    ...each.map((i) => `1: malloc ${block(i)} 1000`),
    ...each.filter((i) => i % 16 !== 0).map((i) => `1: free ${block(i)}`),
  ]
  writeFileSync(file, lines.join('\n'))
  const json = path.join(folder, 'replay.json')
  const few = ['--runs', '1', '--settle', '2', '--against', 'none', '--json', json]
  const { stdout, code } = await doctor(...few, '--replay', file)
  t.is(code, 0, stdout)
  t.regex(stdout, /after the work/)
  t.regex(stdout, /\d+\.\d MiB are subtracted, which the replay itself needs/)
  const { trials, plan } = JSON.parse(readFileSync(json, 'utf8')) as Diagnosis & {
    plan: { replay: { file: string; ownBytes: number } }
  }
  t.is(plan.replay.file, file)
  for (const { served, exit, peakBytes } of trials) {
    t.true(served)
    t.is(exit.code, 0)
    t.true(peakBytes > 28_000_000, `${peakBytes}`)
  }
  const superslab = trials.find(({ condition }) => condition === 'superslab')
  t.true((superslab?.finalBytes ?? Number.NaN) < (superslab?.peakBytes ?? 0))
  for (const wrong of [
    ['--replay', file, '--', 'true'],
    ['--replay', file, '--duration', '1'],
    [],
  ]) {
    const refused = await doctor(...few, ...wrong)
    t.is(refused.code, 1)
    t.regex(refused.stderr, /--replay/)
  }
})

onLinux('the report of a command that fails has its output', async (t) => {
  const command = node("console.error('no configuration'); process.exit(3)")
  const { stdout, code, verdict } = await diagnosed('fails', [], command)
  t.is(code, 1)
  t.is(verdict.kind, 'command-fails')
  t.regex(stdout, /exit code 3/)
  t.regex(stdout, /no configuration/)
})

// ---- typed alone, without an option ----

/** A server that allocates for each request, on a port that the system chooses. */
const served = node(
  `require('http').createServer((request, answer) => {
    const status = request.url === '/work' ? 200 : 404
    require('zlib').deflate(Buffer.alloc(1 << 18), (_, bytes) => answer.writeHead(status).end(bytes))
  }).listen(0)`,
)

/** The lines on the standard error, but what a busy machine adds: that the server takes long to listen. */
async function watched(...args: string[]) {
  const child = spawn(process.execPath, ['dist/cli/main.js', 'doctor', ...args])
  const lines: string[] = []
  for await (const line of createInterface(child.stderr))
    if (!line.startsWith('After 1.5 s')) lines.push(line)
  return { lines, code: child.exitCode ?? (await once(child, 'exit'))[0] }
}

onLinux('a server is found by its socket, gets requests, and is stopped', async (t) => {
  const json = path.join(folder, 'alone.json')
  const few = ['--runs', '1', '--settle', '0.3', '--against', 'none', '--json', json]
  const { lines, code } = await watched(...few, '--duration', '0.5', '--', ...served)
  t.is(code, 0)
  t.is(lines[0], 'The doctor runs the command once each under system, superslab.')
  t.regex(lines[1] ?? '', /^The command listens on port \d+, so it does not end by itself\.$/)
  t.regex(lines[2] ?? '', /^The doctor requests http:\/\/localhost:\d+\/ for 0\.5 s, 8 at a time/)
  t.regex(lines[3] ?? '', /^\d+ of \d+ requests of \/ were answered with 404/)
  t.regex(lines[4] ?? '', /^run 1 of 2, system: [\d.]+ MiB at the peak/)
  t.regex(lines[5] ?? '', /^run 2 of 2, superslab: /)
  t.is(lines.length, 6, lines.join('\n'))
  const { trials } = JSON.parse(readFileSync(json, 'utf8')) as Diagnosis
  const [system, superslab] = trials
  t.true((system?.answers?.requests ?? 0) >= 8, 'at least one for each connection')
  t.is(superslab?.answers?.requests, system?.answers?.requests)
  for (const { stopped, exit } of trials) {
    t.true(stopped)
    t.is(exit.signal, 'SIGTERM')
  }
})

onLinux('the path of the requests and their number are in the report', async (t) => {
  const options = ['--duration', '0.5', '--get', '/work']
  const { stdout, trials } = await diagnosed('path', options, served)
  const count = trials[0]?.answers?.requests ?? 0
  t.deepEqual(trials[0]?.answers?.statuses, { 200: count })
  t.true(stdout.includes(`The work: ${count.toLocaleString('en')} requests of /work, 8 at a time`))
})

onLinux('a server that does not speak HTTP is watched, and the doctor says so', async (t) => {
  const raw = node("require('net').createServer((s) => s.end('220 mail\\r\\n')).listen(0)")
  const few = ['--runs', '1', '--settle', '0.3', '--against', 'none', '--duration', '0.5']
  const { lines, code } = await watched(...few, '--', ...raw)
  t.is(code, 0)
  t.regex(lines[2] ?? '', /^Port \d+ does not answer HTTP, .* --load COMMAND can/)
})

onLinux('only the first trial waits for a port longer than --duration', async (t) => {
  const file = path.join(folder, 'starts')
  // The later starts fail if they are watched as long as the first one is.
  const job = node(
    `const fs = require('fs')
    fs.appendFileSync('${file}', 'x')
    const isFirst = fs.readFileSync('${file}', 'utf8') === 'x'
    setTimeout(() => process.exit(3), isFirst ? 60000 : 8000)`,
  )
  const { trials, stderr, code } = await diagnosed('portless', ['--duration', '0.5'], job)
  t.is(code, 0, stderr)
  t.is(readFileSync(file, 'utf8'), 'xxx')
  t.is(trials.length, 2)
  for (const { stopped } of trials) t.true(stopped)
  t.regex(stderr, /listens on no port\. The doctor waits up to 10 s for a port, in this run alone/)
  t.is(stderr.match(/^The doctor runs the command/gm)?.length, 1)
  t.regex(stderr, /^The command listens on no port after 10 s, .* runs of 0\.5 s\.$/m)
})

const withKeys = testUnless(
  (process.platform !== 'linux' && 'the doctor needs Linux') ||
    (!works('openssl', 'version') && 'openssl is not installed'),
)

withKeys('a server with TLS gets its requests by TLS', async (t) => {
  const keys = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=a']
  const [key, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')]
  const made = spawnSync('openssl', [...keys, '-keyout', key, '-out', certificate])
  t.is(made.status, 0)
  const secure = node(
    `const [key, cert] = ['${key}', '${certificate}'].map((file) => require('fs').readFileSync(file))
    require('https').createServer({ key, cert }, (_, answer) => answer.end('x')).listen(0)`,
  )
  const { trials } = await diagnosed('tls', ['--duration', '0.3'], secure)
  t.true((trials[1]?.answers?.statuses[200] ?? 0) > 0)
})

onLinux(
  'a command that works and then idles is stopped, and judged by its idle memory',
  async (t) => {
    const works = node(
      `const b = Buffer.alloc(32 << 20, 1); ${spin(300)} setInterval(() => b, 1000)`,
    )
    const { trials, stdout, stderr } = await diagnosed('idles', ['--against', 'none'], works)
    t.regex(
      stderr,
      /^After 1\.5 s the command has not ended, and it listens on no port\..*idled for 10 s/m,
    )
    for (const { stopped, workSeconds, samples, exit } of trials) {
      t.true(stopped)
      t.is(exit.signal, 'SIGTERM')
      t.true((samples.at(-1)?.seconds ?? 0) - (workSeconds ?? Number.NaN) >= 10)
    }
    t.regex(stdout, /MiB after the work under/)
  },
)

onLinux('a command that idles before it ends is judged by its idle memory too', async (t) => {
  const works = node(`const b = Buffer.alloc(32 << 20, 1); ${spin(300)} setTimeout(() => b, 3000)`)
  const { trials, stdout } = await diagnosed('late', [], works)
  for (const { stopped, workSeconds, exit } of trials) {
    t.false(stopped)
    t.is(exit.code, 0)
    t.true((workSeconds ?? Number.NaN) > 0.2)
  }
  t.regex(stdout, /MiB after the work under/)
})

onLinux('a command that is too short is called that, after one run', async (t) => {
  const { trials, verdict, stdout, code } = await diagnosed(
    'short',
    ['--interval', '60000'],
    ['true'],
  )
  t.is(code, 0)
  t.is(trials.length, 1)
  t.is(verdict.kind, 'too-short')
  t.regex(stdout, /^The command is too short to be measured/)
})

onLinux('a crash is tried under every malloc, and named', async (t) => {
  const crash = node(`${spin(300)} process.kill(process.pid, 'SIGSEGV')`)
  const { trials, verdict, stdout, code } = await diagnosed('crash', [], crash)
  t.is(code, 1)
  t.is(trials.length, 2)
  t.is(verdict.kind, 'command-crashes')
  t.regex(stdout, /^The command crashes under every malloc, the system's too \(SIGSEGV\)/m)
})

onLinux('a crash below npx or a shell is one too', async (t) => {
  const command = [
    '/bin/sh',
    '-c',
    `${process.execPath} -e "${spin(300)} process.abort()"; exit $?`,
  ]
  const { verdict, stdout } = await diagnosed('shell', [], command)
  t.is(verdict.kind, 'command-crashes')
  t.regex(stdout, /SIGABRT/)
})

onLinux('a command that is unknown or cannot be served is one line', async (t) => {
  for (const [command, message] of [
    ['superslab-no-such-command', 'superslab-no-such-command: command not found'],
    ['/dev/null', '/dev/null is not executable'],
  ] as const) {
    const { stdout, stderr, code } = await doctor('--', command)
    t.is(code, 1)
    t.is(stdout, '')
    t.is(stderr, `superslab: ${message}\n`)
  }
})

onLinux('requests that cannot be met are errors', async (t) => {
  const port = await freePort()
  const cases: [string[], RegExp][] = [
    [['--load', 'exit 7', '--', 'sleep', '5'], /the load failed \(exit code 7\)/],
    [['--settle', '0', '--', 'true'], /number of seconds/],
    [['--signal', 'SIGNOTHING', '--', 'true'], /name of a signal/],
    [['--port', '70000', '--', 'true'], /at most 65535/],
    [
      ['--against', 'nothing', '--', 'true'],
      /nothing is not installed, or unknown; here there are system,/,
    ],
    [['--get', 'nothing', '--', 'true'], /path that begins with/],
    [[], /name a command after --/],
  ]
  for (const [args, message] of cases) {
    const { stderr, code } = await doctor(...args)
    t.is(code, 1, args.join(' '))
    t.regex(stderr, message)
  }
  const taken = createServer().listen(port, '127.0.0.1')
  t.teardown(() => taken.close())
  t.regex((await doctor('--port', String(port), '--', 'true')).stderr, /is taken/)
})
