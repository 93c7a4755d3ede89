import { execFileSync } from 'node:child_process'
import path from 'node:path'
import puppeteer from 'puppeteer-core'
import { digestOf } from '../inputs.mjs'

const html = (i) => `<!doctype html><body style="background:#${100 + i}"><script>
const random = (n) => (n * 7919) % 997
for (let i = 0; i < 400; i++) {
  const box = document.createElement('div')
  box.style.cssText = 'position:absolute;width:20px;height:20px;left:' + random(i) + 'px;top:' + random(i + 50) + 'px;background:rgb('
    + random(i) % 255 + ',' + random(i + 1) % 255 + ',0)'
  document.body.append(box)
}
</script>`

export default async function work(folder) {
  const executablePath = execFileSync('sh', ['-c', 'command -v chromium']).toString().trim()
  const browser = await puppeteer.launch({
    executablePath,
    userDataDir: path.join(folder, 'profile'),
    args: ['--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--disable-background-networking'],
  })
  const page = await browser.newPage()
  await page.setViewport({ width: 1000, height: 800 })
  const results = []
  for (let i = 0; i < 10; i++) {
    await page.setContent(html(i))
    results.push(await page.screenshot({ type: 'png' }))
  }
  await page.goto('about:blank')
  return digestOf(results)
}
