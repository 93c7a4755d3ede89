// The bytes that threads at work keep in their bins under superslab, as `superslab status --json` says.
//
//   node bench/cached.mjs
//
// Each workload runs until its figures were read. `awake` is a Node program that decodes and copies for a moment and then
// wakes each half second for a little work; its figures are read five seconds later.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = path.dirname(import.meta.dirname)
const release = path.join(root, 'build/Release')
const forever = ['--ops', '1000000000', '--allocator', 'system']
const awake = `
const zlib = require('node:zlib')
for (let i = 0; i < 300; i++) zlib.deflateSync(Buffer.alloc(8000 + i * 150, i), { level: 1 + (i % 9) })
let arrays = Array.from({ length: 2000 }, (_, i) => new Uint8Array(1000 + i * 30))
arrays = undefined
setInterval(() => {
  for (let i = 0; i < 200; i++) Buffer.from('x'.repeat(5000 + i))
  gc()
}, 500)
`
const bench = path.join(release, 'superslab-bench')
const programs = [
  ['random-mixed', 1, bench, ['random-mixed', ...forever]],
  ['mid-mt-gap', 4, bench, ['mid-mt-gap', '--threads', '4', ...forever]],
  ['mid-large-mt', 2, bench, ['mid-large-mt', '--threads', '2', ...forever]],
  ['mid-large-mt', 8, bench, ['mid-large-mt', '--threads', '8', ...forever]],
  ['handoff', 2, bench, ['handoff', '--threads', '2', ...forever]],
  ['awake', 1, process.execPath, ['--expose-gc', '--eval', awake]],
]

const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1)

for (const [name, threads, file, args] of programs) {
  const library = path.join(release, 'libsuperslab.so')
  const env = { ...process.env, LD_PRELOAD: library, SUPERSLAB_CHILDREN: 'all' }
  const child = spawn(file, args, { env, stdio: 'ignore' })
  await sleep(name === 'awake' ? 5000 : 2500)
  const status = ['superslab', 'status', '--json', String(child.pid)]
  const answer = JSON.parse(execFileSync('npx', status, { cwd: root, encoding: 'utf8' }))
  const { cachedBytes } = answer.stats
  console.log(`${name}, threads: ${threads}, cached in all: ${mebibytes(cachedBytes)} MiB`)
  child.kill('SIGKILL')
  await once(child, 'exit')
}
