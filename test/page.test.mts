import test from 'ava'
import { thinned } from '#dist/cli/page/chart'
import { escaped, html } from '#dist/cli/page/document'

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
