// The growth of a process whose worker threads start and end, under the system's malloc and under superslab.
//
//   node bench/worker-ends.mjs [--workers 10000] [--warm 200] [--allocators system,superslab]
//
// Four workers at a time, each parses, hashes and fills buffers, and ends. Growth is from the time when `warm` of
// them had ended to the end of all, V8's garbage collected and two seconds slept at both times.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

const LANES = 4
const work = `
const { createHash } = require('node:crypto')
const { gzipSync } = require('node:zlib')
const text = JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ i, name: 'n' + i })))
const buffers = Array.from({ length: 20 }, (_, i) => Buffer.alloc(100 + i * 4999, i))
createHash('sha256').update(gzipSync(text)).update(Buffer.concat(buffers)).digest()
`

const resident = () =>
  Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024

async function settled() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await sleep(50)
  }
  // The process sleeps: a thread that wakes to collect garbage would keep memory of its own.
  await sleep(2000)
  return resident()
}

async function startAndEnd(count) {
  let left = count
  const lane = async () => {
    while (left-- > 0)
      await new Promise((resolve, reject) => {
        const worker = new Worker(work, { eval: true })
        worker.once('error', reject).once('exit', resolve)
      })
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

async function child({ workers, warm }) {
  await startAndEnd(warm)
  const before = await settled()
  await startAndEnd(workers - warm)
  console.log(JSON.stringify({ before, after: await settled() }))
}

function run(allocator, parameters) {
  const library = path.resolve('build/Release/libsuperslab.so')
  const { LD_PRELOAD: _, ...environment } = process.env
  const env = allocator === 'system' ? environment : { ...environment, LD_PRELOAD: library }
  const args = ['--expose-gc', import.meta.filename, '--child', JSON.stringify(parameters)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '10000' },
    warm: { type: 'string', default: '200' },
    allocators: { type: 'string', default: 'system,superslab' },
    child: { type: 'string' },
  },
})
if (values.child) {
  await child(JSON.parse(values.child))
} else {
  const parameters = { workers: Number(values.workers), warm: Number(values.warm) }
  console.log(`MiB resident after ${parameters.warm} and after ${parameters.workers} workers`)
  for (const name of values.allocators.split(',')) {
    const { before, after } = run(name, parameters)
    const [from, to, growth] = [before, after, after - before].map((one) => one.toFixed(1))
    console.log(`${name.padEnd(10)} ${from} ${to}, growth ${growth}`)
  }
}
