// npm run test:model: explores the executions of the core under C11's memory model.
// npm run test:model -- --orders: weakens each stated order, one at a time, and says what notices it.
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import Table from 'cli-table3'
import { buildTests } from './cmake.mjs'
import { root } from './run.mjs'

const explorer = path.join(root, 'build/ctest/native/test/superslab-explorer')
const [mode, ...rest] = process.argv.slice(2)

buildTests('explorer', 'build/ctest')
if (mode === '--orders') weakenAll(rest)
else {
  const limits =
    mode === undefined ? ['--deviations', '2', '--random', '20000', '--seconds', '60'] : []
  const args = [...limits, ...process.argv.slice(2)]
  process.exitCode = spawnSync(explorer, args, { stdio: 'inherit' }).status ?? 1
}

function weakenAll(args) {
  const limits =
    args.length > 0 ? args : ['--deviations', '1', '--random', '3000', '--seconds', '10']
  const table = new Table({
    head: ['function', 'line', 'order', 'without', 'scenario', 'what it saw'],
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
    },
    style: { head: [], border: [] },
  })
  let unseen = 0
  for (const { name, line, operation, order, places } of statedOrders())
    for (const part of partsOf(order)) {
      const what = `${places.join(',')}:${operation}:${part}`
      const run = spawnSync(explorer, ['--weaken', what, ...limits], { encoding: 'utf8' })
      const caught = run.status === 1
      const [, scenario = '-', seen = 'nothing'] = run.stdout.match(/^([\w-]+): (.*)$/m) ?? []
      if (!caught) unseen++
      console.error(
        `${name} ${line} ${operation} ${order} -${part}: ${caught ? scenario : 'nothing'}`,
      )
      table.push([name, line, `${operation} ${order}`, part, scenario, withoutPlaces(seen)])
    }
  console.log(table.toString())
  console.log(`${table.length} orders weakened, ${table.length - unseen} noticed`)
}

/** Every place that names an order, by the line in the source: an inlined function has many. */
function statedOrders() {
  const args = ['--places', '--deviations', '0', '--random', '300']
  const { stdout } = spawnSync(explorer, args, { encoding: 'utf8' })
  const found = [...stdout.matchAll(/^place (\w+) ([\w-]+) (\w+)$/gm)]
  const sources = sourcesOf([...new Set(found.map(([, place]) => place))])
  const groups = new Map()
  for (const [, place, operation, order] of found) {
    const { name, line } = sources.get(place)
    const key = `${line} ${operation} ${order}`
    const group = groups.get(key) ?? { name, line, operation, order, places: [] }
    if (!group.places.includes(place)) group.places.push(place)
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => a.line.localeCompare(b.line, 'en', { numeric: true }))
}

/** The function and line of each place; of an inlined function, its own. */
function sourcesOf(places) {
  // The call is before the address it returns to.
  const calls = places.map((place) => `0x${(BigInt(`0x${place}`) - 1n).toString(16)}`)
  const lines = execFileSync('addr2line', ['-e', explorer, '-a', '-i', '-f', ...calls], {
    encoding: 'utf8',
  }).split('\n')
  const starts = [...lines.keys()].filter((i) => lines[i].startsWith('0x'))
  return new Map(
    starts.map((start, i) => {
      const file = lines[start + 2].replace(/.*\/native\/core\//, '').replace(/ .*/, '')
      return [places[i], { name: lines[start + 1], line: file }]
    }),
  )
}

function partsOf(order) {
  if (order === 'seq_cst') return ['total']
  if (order === 'acq_rel') return ['acquire', 'release']
  return [order]
}

function withoutPlaces(text) {
  return text.replace(/ at 0x\w+/g, '').replace(/ by thread \d/g, '')
}
