// npm run bench:startup: the cost of starting node with the preload library, in time of the whole process and resident
// memory. The two conditions take turns within a round. `-- --rounds 41` for more rounds.
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '21' } } })
const rounds = Number(values.rounds)
const main = path.resolve(import.meta.dirname, '..', 'dist', 'cli', 'main.js')
const library = execFileSync(process.execPath, [main, 'path'], { encoding: 'utf8' }).trim()

const kept = Object.entries(process.env).filter(([name]) => !/^(LD_PRELOAD|SUPERSLAB_)/.test(name))
const plain = { name: 'plain', env: Object.fromEntries(kept) }
const preloaded = { name: 'preloaded', env: { ...plain.env, LD_PRELOAD: library } }

function node(env, ...args) {
  const start = process.hrtime.bigint()
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
  if (status !== 0) throw new Error(stderr)
  return { milliseconds, stdout, stderr }
}

/** Checks, since the loader only warns when it cannot preload, and the library may not serve the process. */
function checkServed() {
  const { stderr } = node({ ...preloaded.env, SUPERSLAB_STATS: '1' }, '-e', '0')
  if (!stderr.includes('superslab: pid=')) throw new Error(`${library} does not serve node`)
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
/** Median of the absolute deviations from the median. */
const spread = (list) => median(list.map((one) => Math.abs(one - median(list))))

const MiB = 1024 * 1024
const measures = {
  'time, ms': (env) => node(env, '-e', '0').milliseconds,
  'RSS, MiB': (env) => Number(node(env, '-p', 'process.memoryUsage.rss()').stdout) / MiB,
}

checkServed()
console.log(
  `node ${process.version} on ${process.arch}, ${rounds} rounds, medians ± median deviation`,
)
for (const [name, measure] of Object.entries(measures)) {
  const results = { plain: [], preloaded: [] }
  for (let round = -2; round < rounds; round++)
    for (const one of round % 2 === 0 ? [plain, preloaded] : [preloaded, plain]) {
      const result = measure(one.env)
      if (round >= 0) results[one.name].push(result)
    }
  const ratios = results.preloaded.map((one, i) => one / results.plain[i])
  const show = (list, digits) => `${median(list).toFixed(digits)} ±${spread(list).toFixed(digits)}`
  console.log(
    `${name}: plain ${show(results.plain, 1)}, preloaded ${show(results.preloaded, 1)}, ` +
      `ratio ${show(ratios, 3)}, difference ${(median(results.preloaded) - median(results.plain)).toFixed(1)}`,
  )
}
