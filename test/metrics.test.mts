import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import client from 'prom-client'
import { native, stats } from 'superslab'
import { collectMetrics, metrics, prometheusText } from 'superslab/metrics'

/** The values of a page in the text format, as prom-client prints and Prometheus reads it. */
function values(page: string): Record<string, number> {
  const samples = page.matchAll(/^(\w+) (\S+)$/gm)
  return Object.fromEntries([...samples].map(([, name, value]) => [name, Number(value)]))
}

test('every statistic is a metric, once', (t) => {
  const measured: string[] = metrics.map(({ statistic }) => statistic)
  const { heap, ...core } = stats()
  const all = [...Object.keys(core), ...Object.keys(heap).map((name) => `heap.${name}`)]
  t.deepEqual(measured.toSorted(), all.toSorted())
  t.is(new Set(metrics.map(({ name }) => name)).size, metrics.length)
})

test('the text has each metric with its type and its help', (t) => {
  const text = prometheusText()
  for (const { name, type } of metrics)
    t.regex(text, new RegExp(`^# HELP ${name} .+\n# TYPE ${name} ${type}\n${name} \\d+$`, 'm'))
  t.true(text.endsWith('\n'))
})

test('prom-client prints the same, with current figures', async (t) => {
  const registry = new client.Registry()
  collectMetrics(client, { registers: [registry] })
  const before = values(await registry.metrics())
  const blocks = Array.from({ length: 100 }, () => native.malloc(1000))
  const during = values(await registry.metrics())
  t.is(during.superslab_live_blocks, (before.superslab_live_blocks ?? 0) + blocks.length)
  t.deepEqual(Object.keys(during).toSorted(), metrics.map(({ name }) => name).toSorted())
  blocks.forEach(native.free)
  t.is(values(await registry.metrics()).superslab_live_blocks, before.superslab_live_blocks)
  t.is(values(prometheusText()).superslab_live_blocks, before.superslab_live_blocks)
})

test('a counter has the same value at each scrape', async (t) => {
  const registry = new client.Registry()
  collectMetrics(client, { registers: [registry] })
  const counted = stats().givenBackBytes
  for (let i = 0; i < 3; i++)
    t.is(values(await registry.metrics()).superslab_given_back_bytes_total, counted)
})

test("without a registry prom-client's own is used", async (t) => {
  collectMetrics(client)
  t.truthy(client.register.getSingleMetric('superslab_live_bytes'))
})

test("the types take prom-client's module", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-metrics-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(path.resolve('.'), path.join(folder, 'node_modules', 'superslab'))
  for (const name of ['prom-client', '@types'])
    symlinkSync(path.resolve('node_modules', name), path.join(folder, 'node_modules', name))
  const lines = [
    "import client from 'prom-client'",
    "import { collectMetrics, prometheusText } from 'superslab/metrics'",
    'collectMetrics(client)',
    'collectMetrics(client, { registers: [new client.Registry()] })',
    'export const text: string = prometheusText()',
  ]
  writeFileSync(path.join(folder, 'program.mts'), lines.join('\n'))
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target']
  const args = [path.resolve('node_modules/typescript/bin/tsc'), ...options, 'es2023']
  const run = promisify(execFile)(process.execPath, [...args, 'program.mts'], { cwd: folder })
  const { stdout } = await run.catch((error) => error)
  t.is(stdout, '')
})
