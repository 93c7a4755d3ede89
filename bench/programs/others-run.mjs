// npm run bench:others: time and memory of programs of Debian's packages under several allocators.
//
//   node bench/programs/others-run.mjs [--rounds 3] [--only php,ruby] [--mimalloc FILE]
//
// GNU time measures: processor time of all processes of the program, and the peak of the largest one. The allocators take
// turns. An output that differs from that under glibc is a failure.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import statistics from '../../dist/cli/bench/statistics.js'
import { contenders } from './contenders.mjs'
import { asUser, others } from './others.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    mimalloc: { type: 'string' },
  },
})

/** Libraries are copied, because a server that gives up its rights may not read the folder of this package. */
const copies = mkdtempSync(path.join(tmpdir(), 'superslab-libraries-'))
process.on('exit', () => rmSync(copies, { recursive: true, force: true }))
chmodSync(copies, 0o755)
const allocators = Object.entries(contenders(values.mimalloc)).map(([name, variables], i) => {
  const { LD_PRELOAD: library, ...rest } = variables
  if (!library) return { name, variables }
  const copy = path.join(copies, `lib${i}-${path.basename(library)}`)
  copyFileSync(library, copy)
  return {
    name,
    variables: {
      ...rest,
      LD_PRELOAD: copy,
      ...(name === 'superslab' && { SUPERSLAB_CHILDREN: 'all' }),
    },
  }
})

function identity(user) {
  const id = (option) => Number(execFileSync('id', [option, user], { encoding: 'utf8' }))
  return [id('-u'), id('-g')]
}

function measure(other, variables) {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-other-'))
  const figures = path.join(copies, 'figures')
  try {
    chmodSync(folder, 0o755)
    const command = asUser(other, other.prepare(folder), folder, identity)
    const settings = Object.entries(variables).map(([key, value]) => `${key}=${value}`)
    const args = ['-o', figures, '-f', '%U %S %M', 'env', ...settings, ...command]
    const { status, stdout, signal } = spawnSync('/usr/bin/time', args, {
      ...{ cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28, timeout: 300_000 },
      env: { PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8' },
    })
    if (status !== 0) return { failed: signal ?? status }
    const [user, system, peak] = readFileSync(figures, 'utf8')
      .trim()
      .split('\n')
      .at(-1)
      .split(' ')
      .map(Number)
    return {
      seconds: user + system,
      peak: peak / 1024,
      output: stdout.replaceAll(folder, 'FOLDER'),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

const isHere = (name) =>
  spawnSync('sh', ['-c', `command -v ${name} || test -e ${name}`]).status === 0
const only = values.only?.split(',')
console.log(
  `| seconds of processor time (peak, MiB) | ${allocators.map(({ name }) => name).join(' | ')} |`,
)
console.log(`|---|${allocators.map(() => '--:|').join('')}`)
for (const other of others.filter(
  ({ name }) => !only || only.some((part) => name.startsWith(part)),
)) {
  const missing = ['/usr/bin/time', ...other.needs].filter((name) => !isHere(name))
  if (missing.length > 0) {
    console.error(`left out: ${other.name}: ${missing.join(', ')} not installed`)
    continue
  }
  const runs = new Map(allocators.map(({ name }) => [name, []]))
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i] of allocators.entries()) {
      const { name, variables } = allocators[(i + 2 * round) % allocators.length]
      runs.get(name).push(measure(other, variables))
    }
  const expected = runs.get('glibc').find(({ failed }) => !failed)?.output
  const cells = [...runs.values()].map((list) => {
    if (list.some(({ failed, output }) => failed || output !== expected)) return 'fails'
    const seconds = statistics.median(list.map((one) => one.seconds))
    return `${seconds.toFixed(2)} (${statistics.median(list.map(({ peak }) => peak)).toFixed(0)})`
  })
  console.log(`| ${other.name} | ${cells.join(' | ')} |`)
}
