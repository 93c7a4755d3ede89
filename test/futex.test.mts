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
