/// <reference lib="dom" />
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Of Debian's package; none is downloaded. */
export const browserFile = candidates.find((file) => existsSync(file))

const flags = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
]

export interface Opened {
  page: Page
  /** The page's errors, and its requests for other files. */
  complaints: string[]
}

/** The browser ends when `use` has. */
async function withBrowser(use: (page: Page) => Promise<void>) {
  const browser: Browser = await chromium.launch({
    ...(browserFile && { executablePath: browserFile }),
    args: flags,
  })
  try {
    await use(await browser.newPage())
  } finally {
    await browser.close()
  }
}

/** Opens a page from a file. */
export function withPage(file: string, use: (opened: Opened) => Promise<void>) {
  return withBrowser(async (page) => {
    const url = pathToFileURL(file).href
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => complaints.push(message.text()))
    page.on('request', (request) => {
      if (request.url() !== url) complaints.push(`asked for ${request.url()}`)
    })
    await page.goto(url)
    await use({ page, complaints })
  })
}

/** What the panel Memory of the browser's own DevTools shows of a file, a text a row, once it shows `expected`. */
export async function devtoolsRows(file: string, expected: string): Promise<string[]> {
  let rows: string[] = []
  await withBrowser(async (page) => {
    await page.goto('devtools://devtools/bundled/devtools_app.html?panel=heap-profiler')
    const chooser = page.waitForEvent('filechooser')
    await page.getByText('Load profile').first().click()
    await (await chooser).setFiles(file)
    await page.getByRole('treeitem', { name: 'Loaded' }).click()
    await page.locator('td', { hasText: expected }).first().waitFor()
    rows = await page.locator('tr').allInnerTexts()
  })
  return rows
}

/** The visible parts of a chart. */
export interface Drawn {
  title: string
  /** Names of the series, in the order of the legend. */
  names: string[]
  /** Number of different colours among its pixels. */
  colours: number
}

/** Every chart of the page, as it was drawn. */
export function drawnCharts(page: Page): Promise<Drawn[]> {
  return page.evaluate(`[...document.querySelectorAll('figure')].map((figure) => {
    const canvas = figure.querySelector('canvas')
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
    const colours = new Set(new Uint32Array(pixels.buffer))
    return {
      title: figure.querySelector('figcaption').textContent,
      names: Chart.getChart(canvas).legend.legendItems.map(({ text }) => text),
      colours: colours.size,
    }
  })`)
}
