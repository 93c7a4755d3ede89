// Pictures and generated documents agree with their sources.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import * as main from 'superslab'
import * as metrics from 'superslab/metrics'
import * as raw from 'superslab/raw'

const read = (file: string) => readFileSync(file, 'utf8')

test('the picture of the architecture has exactly the sources of the core', (t) => {
  const picture = read('docs/architecture.svg')
  const sources = ['native/core', 'native/window'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join(folder, name),
    ),
  )
  for (const file of sources.filter((name) => name.endsWith('.c'))) {
    const stem = path.basename(file, '.c')
    t.regex(picture, new RegExp(`\\b${stem}\\.[ch]\\b`), file)
  }
  const layers = readdirSync('native/core').map((name) => path.join('core', name))
  const folders = [...layers, 'window', 'os', 'include', 'preload', 'addon', 'bench']
  const named = [...picture.matchAll(/(\w+)\.([ch])\b/g)].map(([name]) => name)
  t.true(named.length > 30)
  for (const name of named)
    t.true(
      folders.some((folder) => existsSync(path.join('native', folder, name))),
      name,
    )
})

test('the chart of the README is drawn from its table', async (t) => {
  const { chart } = await import(pathToFileURL('scripts/chart.mjs').href)
  const folder = 'docs/benchmarks/pool-burst'
  t.is(read(`${folder}.svg`), chart(read(`${folder}.tsv`)))
})

test('the chart of latencies is drawn from its measurements', async (t) => {
  const { latencyChart } = await import(pathToFileURL('scripts/latency-chart.mjs').href)
  const folder = 'docs/benchmarks/latency'
  t.is(read(`${folder}.svg`), latencyChart(read(`${folder}.csv`)))
})

test('the API reference has every public name', (t) => {
  const text = (file: string) => read(path.join('docs/api', file))
  const pages: [object, string][] = [
    [main, text('index/README.md')],
    [main.native, text('index/namespaces/native.md')],
    [raw, text('raw.md')],
    [raw.heap, text('raw.md')],
    [metrics, text('metrics.md')],
  ]
  for (const [module, page] of pages)
    for (const name of Object.keys(module).filter(
      (one) => !/^(__esModule|module|default)/.test(one),
    ))
      t.regex(page, new RegExp(`(^#+ |\\[)${name}\\b`, 'm'), name)
})

test('the README and the documentation promise the same of each platform', (t) => {
  const rows = (file: string) =>
    [...read(file).matchAll(/^\| (Linux|macOS) \| ([^|]+) \|([^|]*)\|.*\|$/gm)].flatMap(
      ([line, system, processors = '', libc = '']) =>
        processors
          .split(',')
          .map((processor) => `${system} ${processor.trim()} ${libc.trim()}: ${proof(line)}`),
    )
  const proof = (line: string) =>
    ['tested here', 'emulated', 'built', 'by the workflow']
      .filter((word) => line.includes(word))
      .join(' ')
  const promised = rows('README.md')
  t.is(promised.length, 6)
  t.deepEqual(promised.toSorted(), rows('docs/platforms.md').toSorted())
})
