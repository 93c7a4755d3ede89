// npm run docs:chart: the README's picture, docs/benchmarks/pool-burst.svg, from the output of bench/pool-burst.mjs in the
// .tsv beside it.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

const moments = [
  ['before', 'before'],
  ['peak', 'first burst'],
  ['after', '5 s idle'],
  ['peak2', 'second burst'],
  ['after2', '5 s idle'],
]
const names = { system: 'glibc', superslab: 'superslab', jemalloc: 'jemalloc' }
const colours = { system: '#8c959f', superslab: '#1a7f37', jemalloc: '#bf8700' }

const WIDTH = 760
const HEIGHT = 300
const LEFT = 56
const BOTTOM = 252
const TOP = 44

/** The picture of a table as bench/pool-burst.mjs prints it. */
export function chart(table) {
  const [head, ...lines] = table.split('\n').filter((line) => line.includes('\t'))
  const columns = head.split('\t')
  const rows = lines.map((line) => {
    const cells = line.split('\t')
    return Object.fromEntries(columns.map((column, i) => [column, cells[i]]))
  })
  const most = Math.max(...rows.flatMap((row) => moments.map(([column]) => Number(row[column]))))
  const limit = Math.ceil(most / 100) * 100
  const height = (value) => ((BOTTOM - TOP) * value) / limit
  const group = (WIDTH - LEFT - 16) / moments.length
  const bar = Math.min(46, (group - 28) / rows.length)
  const parts = []
  for (let value = 0; value <= limit; value += 100) {
    const y = (BOTTOM - height(value)).toFixed(1)
    parts.push(`<path d="M${LEFT} ${y} H${WIDTH - 16}" stroke="#d0d7de"/>`)
    parts.push(`<text x="${LEFT - 8}" y="${Number(y) + 4}" text-anchor="end">${value}</text>`)
  }
  for (const [i, [column, label]] of moments.entries()) {
    const middle = LEFT + group * (i + 0.5)
    for (const [j, row] of rows.entries()) {
      const x = (middle + bar * (j - rows.length / 2)).toFixed(1)
      const tall = height(Number(row[column]))
      const y = (BOTTOM - tall).toFixed(1)
      const size = `width="${(bar - 3).toFixed(1)}" height="${tall.toFixed(1)}"`
      parts.push(`<rect x="${x}" y="${y}" ${size} fill="${colours[row.allocator]}"/>`)
      const at = (Number(x) + (bar - 3) / 2).toFixed(1)
      parts.push(`<text x="${at}" y="${Number(y) - 4}" text-anchor="middle">${row[column]}</text>`)
    }
    parts.push(
      `<text x="${middle.toFixed(1)}" y="${BOTTOM + 20}" text-anchor="middle">${label}</text>`,
    )
  }
  for (const [j, row] of rows.entries()) {
    const x = LEFT + j * 110
    parts.push(`<rect x="${x}" y="12" width="12" height="12" fill="${colours[row.allocator]}"/>`)
    parts.push(`<text x="${x + 18}" y="22">${names[row.allocator]}</text>`)
  }
  const note = 'resident memory, MB, of a Node process that compresses on 8 threads'
  parts.push(`<text x="${WIDTH - 16}" y="22" text-anchor="end">${note}</text>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">
  <title id="title">${note}</title>
  <style>text { font: 12.5px system-ui, sans-serif; fill: #1f2328 }</style>
  <rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
  ${parts.join('\n  ')}
</svg>
`
}

const folder = path.join(root, 'docs', 'benchmarks')
if (import.meta.filename === process.argv[1]) {
  const table = readFileSync(path.join(folder, 'pool-burst.tsv'), 'utf8')
  writeFileSync(path.join(folder, 'pool-burst.svg'), chart(table))
}
