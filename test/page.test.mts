import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { thinned } from '#dist/cli/page/chart'
import { escaped, html } from '#dist/cli/page/document'
import { browserFile, withPage } from './support/browser.mjs'
import { testUnless } from './support/needs.mjs'

test('text is escaped', (t) => {
  t.is(escaped('<a href="&">'), '&lt;a href=&quot;&amp;&quot;&gt;')
  const hostile = '</script><script>alert(1)</script>'
  const page = html({
    title: hostile,
    subtitle: hostile,
    summary: [hostile],
    sections: [{ heading: hostile, table: { head: [hostile], rows: [[hostile]], words: 1 } }],
    data: { hostile },
  })
  t.false(page.includes(hostile))
})

test('a page makes no requests', (t) => {
  const page = html({ title: '', subtitle: '', summary: [], sections: [], data: {} })
  t.notRegex(page, /<(link|img|iframe)|src=|@import|url\(/)
  t.regex(page, /default-src 'none'/)
})

test('a thinned curve keeps its peak', (t) => {
  const points = Array.from({ length: 10_000 }, (_, i): [number, number] => [i, i === 4711 ? 9 : 1])
  const few = thinned(points)
  t.is(few.length, 600)
  t.true(few.some(([x, y]) => x === 4711 && y === 9))
  t.deepEqual(thinned(points.slice(0, 5)), points.slice(0, 5))
})

// ---- in a browser ----

const folder = mkdtempSync(path.join(tmpdir(), 'superslab-page-'))
test.after.always(() => rmSync(folder, { recursive: true }))

/** One workload that is faster than the system's malloc, a wide table, and long lines. */
function sample(): string {
  const names = ['superslab', 'system']
  const series = names.map((name) => ({ name, values: [0.5] }))
  const cells = Array.from({ length: 12 }, (_, i) => `a cell of some width ${i}`)
  const file = path.join(folder, 'sample.html')
  const page = html({
    title: 'node /a/very/long/path/'.padEnd(200, 'x'),
    subtitle: '',
    summary: ['A verdict.'],
    sections: [
      { heading: 'Line', code: `ENV LD_PRELOAD=${'/very/long'.repeat(20)}` },
      {
        heading: 'Chart',
        charts: [{ kind: 'bar', title: 'Time', y: 'ratio', groups: ['one'], series, reference: 1 }],
      },
      { heading: 'Table', table: { head: cells, rows: [cells], words: 1 } },
      { heading: 'Hidden', code: 'as Markdown', folded: true },
    ],
    data: {},
  })
  writeFileSync(file, page)
  return file
}

/** What a person sees of it. */
const look = `(() => {
  const chart = Chart.getChart(document.querySelector('canvas'))
  const table = document.querySelector('.table')
  return {
    excess: document.documentElement.scrollWidth - innerWidth,
    tableScrolls: table.scrollWidth > table.clientWidth && table.clientWidth <= innerWidth,
    top: chart.scales.y.max,
    bar: chart.getDatasetMeta(0).data[0].width,
    chart: chart.width,
    colours: chart.data.datasets.map(({ backgroundColor }) => backgroundColor),
    paper: getComputedStyle(document.body).backgroundColor,
    folded: !document.querySelector('details pre').checkVisibility(),
  }
})()`

interface Look {
  excess: number
  tableScrolls: boolean
  top: number
  bar: number
  chart: number
  colours: string[]
  paper: string
  folded: boolean
}

const drawn = testUnless(browserFile === undefined && 'no Chromium is installed (Debian: chromium)')

drawn('a page fits a phone and a desktop, in light and in dark', async (t) => {
  await withPage(sample(), async ({ page, complaints }) => {
    const looks = new Map<string, Look>()
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [390, 1280]) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 900 })
        await page.waitForFunction(
          `Chart.getChart(document.querySelector('canvas')).width <= innerWidth`,
        )
        const seen = (await page.evaluate(look)) as Look
        looks.set(`${colorScheme} ${width}`, seen)
        t.is(seen.excess, 0, `${width}: the page itself does not scroll sideways`)
        t.true(seen.tableScrolls, `${width}`)
        t.true(seen.top >= 1.1, 'the line of the system’s malloc is in the picture')
        t.true(seen.bar <= 48 && seen.chart < 400, `${seen.bar} of ${seen.chart}`)
        t.true(seen.folded)
      }
    t.deepEqual(complaints, [])
    const [light, dark] = [looks.get('light 1280'), looks.get('dark 1280')]
    t.not(light?.paper, dark?.paper)
    t.is(light?.colours[0], dark?.colours[0])
    t.not(light?.colours[1], dark?.colours[1], 'grey is readable on both')
  })
})
