import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { toHeapProfile } from '#dist/cli/profile/heap-profile'
import { toPage } from '#dist/cli/profile/page'
import { named } from '#dist/profile/names'
import { parseRaw } from '#dist/profile/raw'
import { browserFile, devtoolsRows, withPage } from './support/browser.mjs'
import { folderOf, type RawParts, rawText, written } from './support/profiles.mjs'

const hostile = '</script><script>alert(1)</script>'
const perf = [
  '1000 100 JS:*handle /srv/app.js:10:5',
  '2000 100 JS:*query /srv/node_modules/@db/client/index.js:20:7',
  '3000 100 JS:*alloc node:internal/buffer:380:9',
  `4000 100 JS:*${hostile} /srv/app.js:30:1`,
  '',
].join('\n')
const maps = [
  '00001000-00006000 rwxp 00000000 00:00 0 ',
  '00010000-00020000 r-xp 00000000 fe:00 1 /srv/node_modules/hash/build/hash.node',
]
const MiB = 2 ** 20
const stacks = [
  `1 1 10 ${60 * MiB} 20 ${100 * MiB} 999 999 : 3001 2001 1001`,
  `2 0 1 ${30 * MiB} 1 ${30 * MiB} 999 999 : 10011 1001`,
  `3 0 1 ${10 * MiB} 1 ${400 * MiB} 999 999 : 4001 1001`,
]
const earlier = [
  `1 1 10 ${20 * MiB} 20 ${50 * MiB} 999 999 : 3001 2001 1001`,
  `2 0 1 ${35 * MiB} 1 ${35 * MiB} 999 999 : 10011 1001`,
]

function profileOf(t: ExecutionContext, parts: RawParts = {}) {
  const perfMap = written(folderOf(t), 'perf.map', perf)
  const text = rawText({ perfMap, stacks, maps, labels: ['route=/orders'], ...parts })
  return named(parseRaw(text, 'heap.raw'))
}

test('names cannot end the page’s data, and the page asks for nothing', (t) => {
  const page = toPage(profileOf(t))
  t.false(page.includes(hostile))
  t.notRegex(page, /<(link|img|iframe)|src=|@import|url\(/)
  t.regex(page, /default-src 'none'/)
})

const browserTest = browserFile === undefined ? test.skip : test

browserTest('a browser draws the graph and the tables', async (t) => {
  const file = path.join(folderOf(t), 'heap.html')
  writeFileSync(file, toPage(profileOf(t)))
  await withPage(file, async ({ page, complaints }) => {
    const names = () => page.locator('#flame button').allInnerTexts()
    t.deepEqual(await names(), ['all', 'handle', 'query', 'hash.node+0x10', hostile])
    const rows = await page.locator('#functions tbody tr').allInnerTexts()
    t.is(rows.length, 3)
    t.regex(rows[0] ?? '', /query\s+\/srv\/node_modules.*:20\s+60\.0 MiB\s+10\s+100 MiB/)
    t.regex(rows[1] ?? '', /hash\.node\+0x10.*called by handle \/srv\/app\.js:10.*30\.0 MiB/s)
    const packages = await page.locator('#packages tbody td:first-child').allInnerTexts()
    t.deepEqual(packages, ['@db/client', 'hash', '(the program)'])
    t.regex(await page.locator('#addons').innerText(), /hash\.node\s+30\.0 MiB/)
    t.regex(await page.locator('#labels').innerText(), /route=\/orders\s+60\.0 MiB/)
    t.regex(await page.locator('.summary').innerText(), /60\.0 MiB of 100 MiB \(60 %\) by query/)

    const widths = await page
      .locator('#flame button')
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width))
    const share = (i: number) => Math.round((100 * (widths[i] ?? 0)) / (widths[0] ?? 1))
    t.deepEqual([share(1), share(2), share(3), share(4)], [100, 60, 30, 10])

    await page.locator('#minor').check()
    t.true((await names()).includes('alloc'))
    await page.locator('#minor').uncheck()
    await page.selectOption('#measure', 'allocated')
    t.deepEqual((await names()).slice(2), [hostile, 'query', 'hash.node+0x10'])
    t.regex(await page.locator('#functions tbody tr').first().innerText(), /400 MiB/)

    await page.selectOption('#measure', 'use')
    await page.locator('#flame button', { hasText: 'query' }).click()
    t.regex(await page.locator('#detail').innerText(), /^query: 60\.0 MiB \(60\.0 %\) — \/srv/)
    t.deepEqual(await names(), ['all', 'handle', 'query'])
    await page.locator('#flame button', { hasText: 'all' }).click()
    t.is((await names()).length, 5)

    await page.locator('#find').fill('SH.NODE')
    t.regex(await page.locator('#detail').innerText(), /^Found in 1 stacks: 30\.0 MiB/)
    t.is(await page.locator('#flame button.dim').count(), 4)
    t.regex((await page.locator('#save').getAttribute('href')) ?? '', /^blob:/)
    t.deepEqual(complaints, [])
  })
})

browserTest('a browser shows the difference of two profiles', async (t) => {
  const file = path.join(folderOf(t), 'growth.html')
  const before = profileOf(t, { stacks: earlier, time: 1_800_000_000, age: 60 })
  const after = profileOf(t, { time: 1_800_000_600, age: 660 })
  writeFileSync(file, toPage(after, before))
  await withPage(file, async ({ page, complaints }) => {
    t.regex(
      await page.locator('.summary').innerText(),
      /^Most growth: 40\.0 MiB of 50\.0 MiB \(80 %\)/,
    )
    const titles = await page.locator('#measure option').allInnerTexts()
    t.true(titles.includes('allocated in between'))
    const names = await page.locator('#flame button').allInnerTexts()
    t.deepEqual(names, ['all', 'handle', 'query', hostile])
    const rows = await page.locator('#functions tbody tr').allInnerTexts()
    t.regex(rows[0] ?? '', /query.*40\.0 MiB\s+20\.0 MiB\s+60\.0 MiB/s)
    t.regex(rows[2] ?? '', /hash\.node.*−5\.0 MiB/s)
    await page.selectOption('#measure', 'change')
    t.is(await page.locator('#flame button.shrunk').count(), 1)
    t.deepEqual(complaints, [])
  })
})

browserTest('a phone shows the page without scrolling sideways, in both themes', async (t) => {
  const file = path.join(folderOf(t), 'heap.html')
  writeFileSync(file, toPage(profileOf(t)))
  await withPage(file, async ({ page, complaints }) => {
    await page.setViewportSize({ width: 360, height: 740 })
    t.is(await page.evaluate('document.documentElement.scrollWidth'), 360)
    const colours: unknown[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      colours.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
    }
    t.not(colours[0], colours[1])
    t.deepEqual(complaints, [])
  })
})

browserTest('DevTools open a .heapprofile and show its functions', async (t) => {
  const file = path.join(folderOf(t), 'heap.heapprofile')
  writeFileSync(file, toHeapProfile(profileOf(t)))
  const rows = (await devtoolsRows(file, 'handle')).map((text) => text.replace(/\s+/g, ' '))
  const row = (name: string) => rows.find((text) => text.includes(` ${name} `)) ?? rows.join('|')
  t.regex(row('alloc'), /62\.9 MB ?60\.00 % .*node:internal\/buffer:380/)
  t.regex(row('handle'), /105 MB ?100\.00 % handle .*\/srv\/app\.js:10/)
})
