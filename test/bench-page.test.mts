import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { addon } from '#dist/addon'
import { preloadedForm } from '#dist/cli/bench/allocators'
import { suiteCases } from '#dist/cli/bench/suites'
import { browserFile, drawnCharts, withPage } from './support/browser.mjs'

const forms = preloadedForm().map(({ name }) => name)
const folder = mkdtempSync(path.join(tmpdir(), 'superslab-page-'))
test.after.always(() => rmSync(folder, { recursive: true }))

const [page, csv, json] = ['lab.html', 'lab.csv', 'lab.json'].map((name) =>
  path.join(folder, name),
) as [string, string, string]

test.before(async () => {
  const few = ['--ops', '1000', '--ws', '64', '--html', page, '--csv', csv, '--json', json]
  await promisify(execFile)(process.execPath, ['dist/cli/main.js', 'bench', 'seed', ...few])
})

const course = (async () => {
  const [file, json, csv] = ['phases.html', 'phases.json', 'phases.csv'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string]
  const some = ['--ops', '30000', '--ws', '1', '--html', file, '--json', json, '--csv', csv]
  const args = ['dist/cli/main.js', 'bench', 'phases', ...some]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return { file, json, csv, stdout }
})()

const latency = (async () => {
  const [file, csv] = ['latency.html', 'latency.csv'].map((name) => path.join(folder, name)) as [
    string,
    string,
  ]
  const some = ['--ops', '2000', '--ws', '8', '--html', file, '--csv', csv]
  const args = ['dist/cli/main.js', 'bench', 'latency-ends', ...some]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return { file, csv, stdout }
})()

test('bench all has every workload', (t) => {
  const names = addon.benchWorkloads().map(({ name }) => name)
  const all = suiteCases('all', {}, [], names).map(({ workload }) => workload)
  t.deepEqual([...new Set(all)].toSorted(), names.toSorted())
})

test('JSON and CSV name the version of each allocator', (t) => {
  const { versions, environment } = JSON.parse(readFileSync(json, 'utf8'))
  t.is(versions.system, environment.libc)
  t.true(versions.superslab.startsWith(environment.superslab))
  t.true(readFileSync(csv, 'utf8').split('\n', 1)[0]?.split(',').includes('version'))
})

test('the page holds its raw data', (t) => {
  const data = readFileSync(page, 'utf8').match(/id="data">(.*?)<\/script>/s)?.[1] ?? ''
  const { routes, cases, environment } = JSON.parse(data)
  t.is(Object.keys(routes).length, cases.length)
  t.truthy(environment.cpu)
})

test('the course of a long run is in the JSON, in a table and on the page, not in the CSV', async (t) => {
  const { file, json, csv, stdout } = await course
  t.regex(stdout, /^phases +superslab( +\d+\.\d\d){3}$/m)
  const { series } = JSON.parse(readFileSync(json, 'utf8')).cases[0].measurements.superslab[0]
  t.true(series.length > 2)
  for (const [ops, live, resident] of series) t.true(ops > 0 && live > 0 && resident > 0)
  t.true(readFileSync(file, 'utf8').includes('Memory over time'))
  t.false(readFileSync(csv, 'utf8').includes('series'))
})

test('the times of calls are in the table, in the CSV and on the page', async (t) => {
  const { file, csv, stdout } = await latency
  t.regex(stdout, /^workload +allocator +p50, ns +p99.9, µs/m)
  t.regex(stdout, /^latency-ends +superslab +\d+ +\d+\.\d/m)
  const [head = ''] = readFileSync(csv, 'utf8').split('\n', 1)
  for (const name of ['calls', 'medianNs', 'slowestNs', 'over1ms'])
    t.true(head.split(',').includes(name), name)
  const text = readFileSync(file, 'utf8')
  for (const heading of ['Latency', 'The slowest call', 'Calls of more than 100 µs'])
    t.true(text.includes(heading), heading)
})

if (browserFile === undefined)
  test.skip('a browser draws the page: no Chromium is installed (Debian: chromium)', () => {})
else
  test('a browser draws the page without a request', async (t) => {
    await withPage(page, async ({ page: shown, complaints }) => {
      const charts = await drawnCharts(shown)
      t.deepEqual(complaints, [])
      t.deepEqual(
        charts.map(({ title }) => title),
        [
          "Time over the system's",
          "Peak RSS over the system's",
          'Allocations and frees that were no hits',
        ],
      )
      for (const { title, colours } of charts) t.true(colours > 10, title)
      t.deepEqual(charts[0]?.names, ['superslab', ...forms])
      t.regex(await shown.locator('.summary').innerText(), /superslab was faster than/)
      t.regex(await shown.locator('tbody').last().innerText(), /(faster|slower|tie)/)
      t.regex((await shown.locator('#save').getAttribute('href')) ?? '', /^blob:/)
    })
  })

if (browserFile === undefined)
  test.skip('a browser draws the course of a long run: no Chromium is installed', () => {})
else
  test('a browser draws the course of a long run', async (t) => {
    const { file } = await course
    await withPage(file, async ({ page: shown, complaints }) => {
      const chart = (await drawnCharts(shown)).find(({ title }) =>
        title.endsWith('resident memory'),
      )
      t.deepEqual(complaints, [])
      t.deepEqual(chart?.names, ['superslab', ...forms, 'system', 'live'])
      t.true((chart?.colours ?? 0) > 10)
    })
  })
