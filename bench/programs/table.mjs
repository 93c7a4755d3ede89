// The tables of docs/programs.md, and the raw figures beside it.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import machines from '../../dist/cli/bench/machine.js'
import { root } from '../../scripts/run.mjs'
import { programs } from './list.mjs'

const page = path.join(root, 'docs', 'programs.md')
const raw = path.join(root, 'docs', 'benchmarks', 'programs.tsv')
const [begin, end] = ['<!-- results: npm run bench:programs -->', '<!-- end of results -->']

export function print(facts) {
  console.log(text(facts))
}

export function save(facts) {
  const document = readFileSync(page, 'utf8')
  const [head] = document.split(begin)
  const [, tail] = document.split(end)
  writeFileSync(page, `${head}${begin}\n${text(facts)}\n${end}${tail}`)
  const columns = [
    'major',
    'work',
    'allocator',
    'round',
    'peak',
    'idle',
    'user',
    'system',
    'wall',
    'digest',
  ]
  const lines = facts.results.map((one) => columns.map((name) => shown(one[name])).join('\t'))
  writeFileSync(raw, `${[columns.join('\t'), ...lines.sort()].join('\n')}\n`)
}

function shown(value) {
  return typeof value === 'number' ? Number(value.toFixed(3)) : value
}

function text({ results, releases, allocators, rounds, versions }) {
  const parts = releases.flatMap(({ major, node, programs: usable }) => {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
    const of = (work, allocator) =>
      results.filter(
        (one) => one.major === major && one.work === work && one.allocator === allocator,
      )
    const rows = programs.filter((one) => usable.some(({ work }) => work === one.work))
    const table = (cell) => [
      `| program | ${allocators.join(' | ')} |`,
      `|---|${allocators.map(() => '--:|').join('')}`,
      ...rows.map(
        ({ work, title }) =>
          `| ${title} | ${allocators.map((name) => cell(of(work, name))).join(' | ')} |`,
      ),
    ]
    return [
      ...[
        `**Node ${version.slice(1)}: memory, MiB, ten seconds after the work, and its peak**`,
        '',
      ],
      ...table(memoryCell),
      ...['', `**Node ${version.slice(1)}: seconds of processor time, idle time included**`, ''],
      ...table((runs) => figure(runs, ({ user, system }) => user + system, 2)),
      '',
    ]
  })
  const { cpu, cpus, kernel, libc, commit } = machines.environment({ compiler: '', flags: '' })
  return [
    ...parts,
    `Medians of ${rounds} runs; ± is half the distance between the lowest and the highest. ${new Date().toISOString().slice(0, 10)}, commit`,
    `${commit}, ${libc}, ${cpus} processors (${cpu}), Linux ${kernel}. ${versions.join(', ')}. Every run:`,
    '[programs.tsv](benchmarks/programs.tsv).',
  ].join('\n')
}

function memoryCell(runs) {
  const idle = figure(runs, (one) => one.idle, 0)
  return idle === 'fails' ? idle : `${idle} (${median(runs.map((one) => one.peak)).toFixed(0)})`
}

function figure(runs, of, digits) {
  if (runs.some((one) => one.failed)) return 'fails'
  const values = runs.map(of)
  const middle = median(values)
  const half = (Math.max(...values) - Math.min(...values)) / 2
  return `${middle.toFixed(digits)} ±${((100 * half) / middle).toFixed(0)}%`
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
