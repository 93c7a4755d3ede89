// A burst on libuv's pool, and then nothing: what a service keeps that compresses and decompresses answers.
//
//   node bench/pool-burst.mjs [--seconds 20] [--idle 5] [--rounds 3] [--allocators system,jemalloc,superslab]
//
// Each allocator runs in a process of its own, preloaded, in turns. A burst is 64 operations at a time (gzip,
// gunzip, brotli) on buffers of 2 KB to 1 MB, on 8 pool threads; then the process idles; then the same again.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    idle: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    allocators: { type: 'string', default: 'system,jemalloc,superslab' },
  },
})

const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => path.join('/usr/lib', name))]
const libraries = {
  jemalloc: folders.map((folder) => path.join(folder, 'libjemalloc.so.2')),
  superslab: [path.resolve('build/Release/libsuperslab.so')],
}

function library(name) {
  if (name === 'system') return undefined
  const found = (libraries[name] ?? [path.resolve(name)]).find(existsSync)
  if (!found) throw new Error(`no library of ${name}`)
  return found
}

function run(name) {
  const file = library(name)
  const { LD_PRELOAD: _, ...environment } = process.env
  const env = { ...environment, UV_THREADPOOL_SIZE: '8', ...(file && { LD_PRELOAD: file }) }
  const args = ['bench/pool-burst-child.mjs', values.seconds, values.idle]
  const child = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  if (child.status !== 0) throw new Error(child.stderr)
  const result = JSON.parse(child.stdout)
  if (file && !result.maps.includes(path.basename(file))) throw new Error(`${file} was not loaded`)
  return result
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
const names = values.allocators.split(',')
const results = new Map(names.map((name) => [name, []]))
for (let round = 0; round < Number(values.rounds); round++)
  for (const name of round % 2 === 0 ? names : names.toReversed()) results.get(name).push(run(name))

const columns = ['before', 'peak', 'after', 'v8', 'peak2', 'after2', 'v82', 'cpu', 'cpu2']
console.log(['allocator', ...columns].join('\t'))
for (const [name, rounds] of results) {
  const cells = columns.map((column) => median(rounds.map((round) => round[column])))
  console.log([name, ...cells.map((cell) => cell.toFixed(cell < 10 ? 2 : 0))].join('\t'))
}
console.log(
  'RSS in MB before, at the peak and after the idle time of each burst; v8: by how much its heap and',
)
console.log(
  `buffers had grown then; CPU milliseconds an operation. Medians of ${values.rounds} rounds.`,
)
console.log(
  `${os.cpus()[0]?.model}, ${os.cpus().length} CPUs, ${os.type()} ${os.release()}, node ${process.version}`,
)
