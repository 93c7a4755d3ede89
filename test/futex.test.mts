import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'

// ptrace may be forbidden, and macOS has no strace.
const traces = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0
const traced = traces ? test : test.skip

const operations = 50_000

/** The names of the system calls that each thread made between its two markers. */
function callsWhileTimed(trace: string): { threads: number; calls: string[] } {
  const inside = new Set<string>()
  const calls: string[] = []
  let threads = 0
  for (const line of trace.split('\n')) {
    const [, thread = '', call = ''] = line.match(/^(\d+) +(\w+)\(/) ?? []
    if (line.includes('"superslab-bench begin')) {
      inside.add(thread)
      threads++
    } else if (line.includes('"superslab-bench end')) {
      inside.delete(thread)
    } else if (inside.has(thread)) {
      calls.push(call)
    }
  }
  return { threads, calls }
}

for (const threads of [2, 4, 8])
  traced(`mid-large-mt on ${threads} threads waits for no lock in the system`, (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'superslab-trace-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const file = path.join(folder, 'trace')
    const bench = ['build/Release/superslab-bench', 'mid-large-mt', '--markers']
    const args = ['--threads', String(threads), '--ops', String(operations)]
    execFileSync('strace', ['-f', '-o', file, ...bench, ...args], { stdio: 'ignore' })
    const timed = callsWhileTimed(readFileSync(file, 'utf8'))
    t.is(timed.threads, threads)
    const times = (name: string) => timed.calls.filter((call) => call === name).length
    t.is(times('futex'), 0)
    // No call reads the thread's number or an address; a thread that waits for a lock for long calls mincore.
    t.is(times('gettid'), 0)
    t.true(times('mincore') < operations / 1000, `${times('mincore')}`)
  })

/** The threads that registered for membarrier, and those named superslab; the main thread is the first in the trace. */
function registrations(
  command: string[],
  env = {},
): Record<'main' | 'registered' | 'named', string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-trace-'))
  const file = path.join(folder, 'trace')
  const filter = ['-f', '-e', 'trace=execve,membarrier,prctl', '-o', file]
  const set = Object.entries(env).flatMap(([name, value]) => ['-E', `${name}=${String(value)}`])
  execFileSync('strace', [...filter, ...set, ...command], { stdio: 'ignore' })
  const lines = readFileSync(file, 'utf8').split('\n')
  rmSync(folder, { recursive: true })
  const threads = (pattern: RegExp) =>
    lines.filter((line) => pattern.test(line)).map((line) => line.split(' ')[0] ?? '')
  return {
    main: threads(/execve\(/).slice(0, 1),
    registered: threads(/membarrier\(MEMBARRIER_CMD_REGISTER/),
    named: threads(/prctl\(PR_SET_NAME, "superslab"/),
  }
}

// Linux takes 6 to 30 ms for it in a process of several threads.
traced('a thread that allocates does not wait until the kernel knows the process', (t) => {
  const script = `const { alloc, free } = require('.')
    for (let round = 0; round < 30; round++)
      Array.from({ length: 64 }, () => alloc(1 << 20)).forEach((buffer) => free(buffer))`
  for (const command of [
    ['build/Release/superslab-bench', 'latency-bursts', '--ops', '20000'],
    [process.execPath, '-e', script],
  ]) {
    const { registered, named } = registrations(command)
    t.is(registered.length, 1, command[0])
    t.deepEqual(registered, named.slice(0, 1))
  }
})

traced('a process under run registers while it has one thread', (t) => {
  const library = path.resolve('build/Release/libsuperslab.so')
  const script = 'setTimeout(() => {}, 100)'
  const { main, registered } = registrations([process.execPath, '-e', script], {
    LD_PRELOAD: library,
  })
  t.deepEqual(registered, main)
})
