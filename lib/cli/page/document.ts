import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Chart } from './chart'

/** A page that is complete in itself: it needs no network and no second file. */
export interface PageDocument {
  title: string
  /** One line below the title. */
  subtitle: string
  /** The main results; the first line is in large letters. */
  summary: string[]
  sections: Section[]
  /** The data that the page was made from, for the reader to save. */
  data: unknown
}

export interface Section {
  heading: string
  text?: string
  charts?: Chart[]
  table?: Table
  /** Text to copy. */
  code?: string
  /** Shown when the reader opens it. */
  folded?: boolean
}

export interface Table {
  head: string[]
  rows: string[][]
  /** Number of columns with words, from the left; the others hold numbers. */
  words: number
}

/** A page's frame: its head, its summary, and what else is in it. */
export interface Frame extends Omit<PageDocument, 'sections'> {
  /** HTML. */
  body: string
  /** Files beside this one, in their order. */
  styles: string[]
  scripts: string[]
}

export function html({ sections, ...rest }: PageDocument): string {
  const body = sections.map(sectionHtml).join('\n')
  const scripts = ['chart.umd.js', 'browser.js']
  return frame({ ...rest, body, styles: ['page.css'], scripts })
}

export function frame(parts: Frame): string {
  const { title, subtitle, summary, body, data, styles, scripts } = parts
  const [first = '', ...rest] = summary
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<title>${escaped(title)}</title>
<style>${styles.map(asset).join('\n')}</style>
</head>
<body>
<main>
<header><h1>${escaped(title)}</h1><p>${escaped(subtitle)}</p></header>
<section class="summary"><p><strong>${escaped(first)}</strong></p>
${rest.map((line) => `<p>${escaped(line)}</p>`).join('\n')}</section>
${body}
<footer><a id="save" download="superslab.json">Save the raw data</a></footer>
</main>
<script type="application/json" id="data">${embedded(data)}</script>
${scripts.map((name) => `<script>${asset(name)}</script>`).join('\n')}
</body>
</html>
`
}

function sectionHtml({ heading, folded, ...content }: Section): string {
  const title = `<h2>${escaped(heading)}</h2>`
  if (!folded) return `<section>${title}\n${contentHtml(content)}</section>`
  return `<section><details><summary>${title}</summary>\n${contentHtml(content)}</details></section>`
}

function contentHtml({
  text,
  charts = [],
  table,
  code,
}: Omit<Section, 'heading' | 'folded'>): string {
  return [
    text ? `<p>${escaped(text)}</p>` : '',
    code ? `<pre><code>${escaped(code)}</code></pre>` : '',
    ...charts.map(chartHtml),
    table ? tableHtml(table) : '',
  ]
    .filter(Boolean)
    .join('\n')
}

function chartHtml(chart: Chart): string {
  const label = escaped(chart.title)
  // A chart of many bars scrolls on a narrow screen, one of few is no wider than they need.
  const [groups, series] =
    chart.kind === 'bar' ? [chart.groups.length, chart.series.length] : [0, 0]
  const width = groups > 0 ? ` style="--bars: ${groups * series}; --groups: ${groups}"` : ''
  return `<figure class="${chart.kind}"${width}><figcaption>${label}</figcaption>
<div><div><canvas role="img" aria-label="${label}"></canvas></div></div>
<script type="application/json">${embedded(chart)}</script></figure>`
}

function tableHtml({ head, rows, words }: Table): string {
  const line = (tag: string, cells: string[]) =>
    `<tr>${cells.map((cell, i) => `<${tag}${i < words ? '' : ' class="n"'}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  return `<div class="table" tabindex="0"><table><thead>${line('th', head)}</thead>
<tbody>${rows.map((row) => line('td', row)).join('\n')}</tbody></table></div>`
}

export function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}

/** JSON inside a script element: nothing in it may end the element. */
function embedded(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

/** The build copies it beside this file. */
function asset(name: string): string {
  return readFileSync(path.join(__dirname, name), 'utf8').replaceAll('</script', '<\\/script')
}
