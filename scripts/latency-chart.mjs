// npm run docs:chart: docs/benchmarks/latency.svg, from the output of `superslab bench latency --csv` beside it.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

const allocators = [
  ['superslab', 'superslab', '#1a7f37'],
  ['superslab-preloaded', 'preloaded', '#7bc98f'],
  ['system', 'glibc', '#8c959f'],
  ['jemalloc', 'jemalloc', '#bf8700'],
  ['tcmalloc', 'tcmalloc', '#8250df'],
]
const [WIDTH, LEFT, PANEL, TOP] = [760, 56, 210, 44]

function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The columns that are read lie before the first that may hold a comma. */
function rowsOf(csv) {
  const [head, ...lines] = csv.trim().split('\n')
  const columns = head.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    return Object.fromEntries(columns.map((column, i) => [column, cells[i]]))
  })
}

/** Bars of one figure, a group for each workload, below `top`. */
function panel(rows, top, title, figure, show) {
  const groups = [...new Set(rows.map((row) => row.case))]
  const values = groups.map((group) =>
    allocators.map(([name]) =>
      median(rows.filter((row) => row.case === group && row.allocator === name).map(figure)),
    ),
  )
  const most = Math.max(...values.flat())
  const bottom = top + PANEL - 44
  const width = (WIDTH - LEFT - 16) / groups.length
  const bar = (width - 16) / allocators.length
  const parts = [`<text x="${LEFT}" y="${top - 4}">${title}</text>`]
  parts.push(`<path d="M${LEFT} ${bottom} H${WIDTH - 16}" stroke="#d0d7de"/>`)
  for (const [i, group] of groups.entries()) {
    const start = LEFT + width * i + 8
    for (const [j, value] of values[i].entries()) {
      const tall = ((PANEL - 72) * value) / most
      const [x, y] = [(start + bar * j).toFixed(1), (bottom - tall).toFixed(1)]
      const size = `width="${(bar - 2).toFixed(1)}" height="${tall.toFixed(1)}"`
      parts.push(`<rect x="${x}" y="${y}" ${size} fill="${allocators[j][2]}"/>`)
      const at = (start + bar * (j + 0.45)).toFixed(1)
      parts.push(`<text x="${at}" y="${Number(y) - 4}" class="v">${show(value)}</text>`)
    }
    const middle = (start + width / 2 - 8).toFixed(1)
    parts.push(`<text x="${middle}" y="${bottom + 18}" text-anchor="middle">${group}</text>`)
  }
  return parts
}

export function latencyChart(csv) {
  const rows = rowsOf(csv)
  const legend = allocators.flatMap(([, label, colour], i) => {
    const x = LEFT + i * 140
    return [
      `<rect x="${x}" y="8" width="12" height="12" fill="${colour}"/>`,
      `<text x="${x + 18}" y="18">${label}</text>`,
    ]
  })
  const per = (row) => (Number(row.over100us) * 100000) / Number(row.calls)
  const parts = [
    ...legend,
    ...panel(rows, TOP, 'calls of more than 0.1 ms, of 100,000', per, (value) => value.toFixed(0)),
    ...panel(
      rows,
      TOP + PANEL,
      'the slowest call, ms',
      (row) => Number(row.slowestNs) / 1e6,
      (value) => value.toFixed(1),
    ),
  ]
  const height = TOP + 2 * PANEL
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
  <title id="title">Single calls beside what other threads leave: those over 0.1 ms, and the slowest</title>
  <style>text { font: 12.5px system-ui, sans-serif; fill: #1f2328 } .v { font-size: 10px; text-anchor: middle }</style>
  <rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
  ${parts.join('\n  ')}
</svg>
`
}

if (import.meta.filename === process.argv[1]) {
  const folder = path.join(root, 'docs', 'benchmarks')
  const csv = readFileSync(path.join(folder, 'latency.csv'), 'utf8')
  writeFileSync(path.join(folder, 'latency.svg'), latencyChart(csv))
}
