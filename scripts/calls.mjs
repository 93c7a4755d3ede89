// npm run bench:calls: the instructions of one call of each function of malloc's API, with the loop around it, under the
// preload library and under the allocators named by --against. Counted by valgrind's callgrind in two runs, of which
// one makes more calls: the instructions of start-up cancel in the difference. Large pairs settle first.
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { contestants } from '../dist/cli/bench/allocators.js'
import { root } from './run.mjs'

const release = path.join(root, 'build/Release')
const preload = path.join(release, 'libsuperslab.so')
const program = path.join(release, 'superslab-calls')

const calls = {
  'malloc-128': 'malloc and free, 128 bytes',
  'malloc-200k': 'malloc and free, 200,000 bytes',
  'malloc-4m': 'malloc and free, 4 MiB',
  'calloc-128': 'calloc and free, 128 bytes',
  'aligned-64': 'aligned_alloc(64, 128) and free',
  'memalign-page': 'posix_memalign(4096, 8192) and free',
  'new-sized': 'operator new and sized delete, 128 bytes',
  'new-aligned': 'aligned new and delete, 64 and 128 bytes',
  'realloc-same': 'realloc within its class',
  'realloc-shrink': 'malloc(1000), realloc to 100, free',
  'realloc-grow': 'realloc from 16 to 4,096 bytes in eight doublings, free',
  'usable-128': 'malloc_usable_size, 128 bytes',
  'usable-1m': 'malloc_usable_size, 1 MiB',
  'free-null': 'free(NULL)',
}

const few = 1000
const more = 2000

function instructions(library, name, count) {
  const args = ['--tool=callgrind', '--callgrind-out-file=/dev/null', program, name, String(count)]
  // The library decides this, in any process.
  const env = { ...process.env, SUPERSLAB_CHILDREN: 'all' }
  if (library !== undefined) env.LD_PRELOAD = library
  const { stderr, status } = spawnSync('valgrind', args, { env, encoding: 'utf8' })
  const [, collected] = stderr.match(/Collected : (\d+)/) ?? []
  if (status !== 0 || collected === undefined) throw new Error(`${name}: ${stderr}`)
  return Number(collected)
}

function perCall(library, name) {
  return Math.round(
    (instructions(library, name, few + more) - instructions(library, name, few)) / more,
  )
}

const { values } = parseArgs({
  options: { against: { type: 'string' }, only: { type: 'string' } },
})
try {
  execFileSync('valgrind', ['--version'])
} catch {
  console.error('instructions are counted by valgrind, which is not installed')
  process.exit(2)
}
const peers =
  values.against === undefined
    ? []
    : [
        { name: 'system' },
        ...contestants(values.against.split(',')).filter(({ library }) => library),
      ]
const columns = [...peers, { name: 'superslab', library: preload }]
console.log(`| call | ${columns.map(({ name }) => name).join(' | ')} |`)
console.log(`|---|${columns.map(() => '--:|').join('')}`)
for (const [name, meaning] of Object.entries(calls)) {
  if (values.only !== undefined && values.only !== name) continue
  console.log(
    `| ${meaning} | ${columns.map(({ library }) => perCall(library, name)).join(' | ')} |`,
  )
}
