// node scripts/profile-pictures.mjs: runs the programs in examples/leaks with `superslab run --profile`, and draws the
// pictures of docs/profiling.md from their pages. Needs chromium and a C compiler.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { root } from './run.mjs'

/** Its name is in the pictures. */
const folder = path.join(tmpdir(), 'shop')
mkdirSync(folder)
cpSync(path.join(root, 'examples/leaks'), folder, { recursive: true })
const addon = path.join(folder, 'thumbnail.node')
const include = path.join(root, 'node_modules/node-api-headers/include')
const flags = ['-shared', '-fPIC', '-O2', '-g', '-DNAPI_VERSION=8', '-I', include]
execFileSync('cc', [...flags, '-o', addon, path.join(folder, 'thumbnail.c')])

const programs = { sessions: ['1000'], thumbnails: ['1000', addon], prices: ['1000'] }
/** Ends a program that would go on, once it has done its work. */
async function run(args) {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.once('data', () => child.kill('SIGTERM'))
  await once(child, 'close')
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  for (const [name, args] of Object.entries(programs)) {
    const file = path.join(folder, `${name}.html`)
    const main = path.join(root, 'dist/cli/main.js')
    const words = [
      'run',
      `--profile=${file}`,
      '--profile-exact',
      '--',
      process.execPath,
      `${name}.mjs`,
      ...args,
    ]
    await run([main, ...words])
    const page = await browser.newPage({ viewport: { width: 760, height: 700 } })
    await page.goto(pathToFileURL(file).href)
    const picture = path.join(root, `docs/benchmarks/profile-${name}.png`)
    await page.screenshot({ path: picture })
    await page.close()
  }
} finally {
  await browser.close()
  rmSync(folder, { recursive: true })
}
