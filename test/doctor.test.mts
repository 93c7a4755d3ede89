import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { installedLibrary, peerNames } from '#dist/cli/bench/allocators'
import { browserFile, drawnCharts, withPage } from './support/browser.mjs'

const onLinux = process.platform === 'linux' ? test : test.skip

const folder = mkdtempSync(path.join(tmpdir(), 'superslab-doctor-'))
test.after.always(() => rmSync(folder, { recursive: true }))

interface Trial {
  condition: string
  samples: { bytes: number; processes: number }[]
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
    const work = ['--port', String(port), '--duration', '0.1']
    const options = ['--runs', '1', '--settle', '0.1', ...work, '--json', json]
    const command = node(`require('net').createServer().listen(${port}, '127.0.0.1')`)
    const { stderr } = await doctor(...options, '--', ...command)
    const { trials } = JSON.parse(readFileSync(json, 'utf8')) as Diagnosis
    const names = trials.map(({ condition }) => condition)
    t.deepEqual(names, ['system', 'system-2-arenas', 'superslab', ...peers], stderr)
    for (const { condition, served, exit } of trials) {
      t.true(served, condition)
      t.is(exit.signal, 'SIGTERM', condition)
    }
  },
)

onLinux('for a command that ends by itself all processes count', async (t) => {
  const child = `${process.execPath} -e 'const b = Buffer.alloc(64 << 20, 1); ${spin(300)}'`
  const command = ['/bin/sh', '-c', `${child} & ${child} & wait`]
  const { trials, stdout } = await diagnosed('tree', [], command)
  for (const { samples, peakBytes, cpuSeconds, exit, stopped } of trials) {
    t.like(exit, { code: 0, signal: null })
    t.false(stopped)
    t.true(Math.max(...samples.map(({ processes }) => processes)) >= 3, stdout)
    t.true(peakBytes > 128 * 2 ** 20)
    t.true(cpuSeconds >= 0.6, `${cpuSeconds}`)
  }
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
    t.is(trials.length, 2)
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
  t.regex(stdout, /Of each figure \d+\.\d MiB are taken off/)
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

onLinux('requests that cannot be met are errors', async (t) => {
  const port = await freePort()
  const cases: [string[], RegExp][] = [
    [['--load', 'exit 7', '--', 'sleep', '5'], /the load failed \(exit code 7\)/],
    [['--settle', '0', '--', 'true'], /number of seconds/],
    [['--signal', 'SIGNOTHING', '--', 'true'], /name of a signal/],
    [['--port', '70000', '--', 'true'], /at most 65535/],
    [['--against', 'nothing', '--', 'true'], /nothing is not among system;/],
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
