// npm run test:model: explores the executions of the core under C11's memory model.
// npm run test:model -- --orders [FUNCTION…]: weakens each stated order, one at a time, and names the scenario that fails;
// with functions only theirs, and looks longer.
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { buildPreset } from './cmake.mjs'
import { root } from './run.mjs'

const directory = buildPreset('explorer', 'explorer')
const explorer = path.join(root, directory, 'native/test/superslab-explorer')
const [mode, ...rest] = process.argv.slice(2)

/** Limits that suffice for most weakened orders, then those for the rest. */
const passes = [
  ['--deviations', '1', '--random', '300', '--seconds', '1'],
  ['--deviations', '2', '--random', '2000', '--seconds', '5'],
]
const thorough = ['--deviations', '2', '--random', '20000', '--seconds', '60']
/** Inlined functions whose places are told apart by their callers. */
const wrappers = /^ss_state_|^ss_window_fence$/

if (mode === '--orders') weaken(rest)
else {
  const args = mode === undefined ? thorough : [mode, ...rest]
  process.exitCode = spawnSync(explorer, args, { stdio: 'inherit' }).status ?? 1
}

/** Prints the table of docs/memory-model.md, or the rows of some functions. */
function weaken(names) {
  const limits = names.length === 0 ? passes : [...passes, thorough]
  console.log('| in | order | without | scenario | what it saw |\n|---|---|---|---|---|')
  for (const { name, operation, order, places } of statedOrders()) {
    if (names.length > 0 && !names.includes(name)) continue
    for (const part of partsOf(order)) {
      const [scenario, seen] = noticed(`${places.join(',')}:${operation}:${part}`, limits)
      console.log(`| \`${name}\` | ${operation} ${order} | ${part} | ${scenario} | ${seen} |`)
    }
  }
}

/** The scenario that fails with the order weakened, and its failure. */
function noticed(what, limits) {
  for (const some of limits) {
    const run = spawnSync(explorer, ['--weaken', what, ...some], { encoding: 'utf8' })
    const [, scenario = '', seen = ''] = run.stdout.match(/^([\w-]+): (.*)$/m) ?? []
    if (run.status === 1)
      return [
        scenario,
        seen.replace(/^\S+\.c:\d+: /, '').replace(/ (at 0x\w+|by thread \d|.*\.c:\d+:)/g, ''),
      ]
  }
  return ['none', '']
}

/** Every place in the core that names an order, by its line: an inlined function has several places. */
function statedOrders() {
  const args = ['--places', '--deviations', '0', '--random', '300']
  const { stdout } = spawnSync(explorer, args, { encoding: 'utf8' })
  const found = [...stdout.matchAll(/^place (\w+) ([\w-]+) (\w+)$/gm)]
  const sources = sourcesOf([...new Set(found.map(([, place]) => place))])
  const groups = new Map()
  for (const [, place, operation, order] of found) {
    const { name, line, file } = sources.get(place)
    if (file.includes('/native/test/')) continue // a scenario's own
    const key = `${name} ${line} ${operation} ${order}`
    const group = groups.get(key) ?? { name, line, operation, order, places: [] }
    if (!group.places.includes(place)) group.places.push(place)
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => a.name.localeCompare(b.name) || a.line - b.line)
}

/** The function and line of each place; of an inlined function, its own, but of a wrapper its caller's. */
function sourcesOf(places) {
  // The call is before the address it returns to.
  const calls = places.map((place) => `0x${(BigInt(`0x${place}`) - 1n).toString(16)}`)
  const lines = execFileSync('addr2line', ['-e', explorer, '-a', '-i', '-f', ...calls], {
    encoding: 'utf8',
  }).split('\n')
  const starts = [...lines.keys()].filter((i) => lines[i].startsWith('0x'))
  return new Map(
    starts.map((start, i) => {
      const at = wrappers.test(lines[start + 1]) ? start + 3 : start + 1
      const [file, line] = lines[at + 1].split(':')
      return [places[i], { name: lines[at], file, line: Number.parseInt(line, 10) }]
    }),
  )
}

function partsOf(order) {
  if (order === 'seq_cst') return ['total']
  if (order === 'acq_rel') return ['acquire', 'release']
  return [order]
}
