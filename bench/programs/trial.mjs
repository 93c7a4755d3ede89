// One run of a program under one allocator.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { highWaterOf, memoryOf, timeOf, tree } from './processes.mjs'

const SAMPLE_MS = 50
const WORK_LIMIT_MS = 90_000
const IDLE_MS = 10_000

/**
 * Starts a run. `worked` resolves when the work is done and the process idles, `ended` ten seconds later with the
 * figures.
 */
export function startTrial({ node, place, work, variables }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-work-'))
  const child = spawn(node, ['programs/child.mjs', work, folder], {
    cwd: place,
    env: { ...cleanEnvironment(), ...variables },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let [text, errors] = ['', '']
  const closed = new Promise((resolve) => child.once('close', resolve))
  const worked = new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${work} did not end in ${WORK_LIMIT_MS / 1000} s`))
    }, WORK_LIMIT_MS)
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (/^\{"digest".*\}\n/m.test(text)) resolve(clearTimeout(limit))
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(limit)
      const reason = errors.match(/^\w*Error.*$/m)?.[0] ?? errors.slice(0, 500)
      reject(new Error(`${work} ended with ${signal ?? code}: ${reason}`))
    })
  })
  const start = performance.now()
  let sampled = 0
  const sampling = setInterval(() => {
    sampled = Math.max(sampled, memoryOf(tree(child.pid)))
  }, SAMPLE_MS)
  const figures = async () => {
    await worked.finally(() => clearInterval(sampling))
    const wall = (performance.now() - start) / 1000
    const peak = Math.max(sampled, highWaterOf(child.pid))
    await delay(IDLE_MS)
    const pids = tree(child.pid)
    const [idle, time] = [memoryOf(pids), timeOf(pids)]
    child.stdin.end()
    for (const pid of pids.slice(1).reverse()) end(pid)
    await closed
    return {
      digest: JSON.parse(text.match(/^\{"digest".*\}$/m)[0]).digest,
      peak,
      idle,
      wall,
      ...time,
    }
  }
  const ended = figures().finally(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return { worked, ended }
}

/** Of this process's own descendants only. */
function end(pid) {
  try {
    process.kill(pid)
  } catch {
    // It has ended.
  }
}

function cleanEnvironment() {
  const own = /^(LD_PRELOAD|MALLOC_.*|SUPERSLAB_.*|NODE_OPTIONS|npm_.*|UV_THREADPOOL_SIZE)$/
  const kept = Object.entries(process.env).filter(([name]) => !own.test(name))
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: '8', NEXT_TELEMETRY_DISABLED: '1' }
}
