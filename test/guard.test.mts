// Guarded blocks: `superslab run --guard`, what it finds in a served Node, and what it says of itself.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { compileAddon } from './support/addons.mjs'
import { ended, main, plainEnvironment, run } from './support/cli.mjs'

const linuxTest = process.platform === 'linux' ? test : test.skip
const serialTest = process.platform === 'linux' ? test.serial : test.serial.skip
const node = process.execPath
const place = mkdtempSync(path.join(tmpdir(), 'superslab-guard-'))
test.after.always(() => rmSync(place, { recursive: true }))

const told = ['-p', 'JSON.stringify(require("./dist/index.js").stats())']

async function rate(args: string[], more: Record<string, string> = {}): Promise<number> {
  const { stdout, stderr } = await run([...args, '--', node, ...told], {
    env: plainEnvironment(more),
  })
  return stdout
    ? (JSON.parse(stdout) as { guardRate: number }).guardRate
    : Number.NaN + stderr.length
}

linuxTest('--guard sets the rate, and without it the environment does', async (t) => {
  t.is(await rate([]), 0)
  t.is(await rate(['--guard']), 50)
  t.is(await rate(['--guard=7']), 7)
  t.is(await rate([], { SUPERSLAB_GUARD: '3' }), 3)
  t.is(await rate(['--guard=7'], { SUPERSLAB_GUARD: '3' }), 7)
})

linuxTest('a rate that is none is refused', async (t) => {
  for (const wrong of ['0', '101', '1.5', 'x']) {
    const { code, stderr } = await run([`--guard=${wrong}`, '--', 'true'])
    t.is(code, 125, wrong)
    t.regex(stderr, /It must be 1 to 100/)
  }
})

linuxTest('status says that blocks are guarded', async (t) => {
  const loop = 'setInterval(() => Buffer.alloc(3e5).toString("hex"), 1)'
  const child = spawn(node, [main, 'run', '--guard=50', '--', node, '-e', loop])
  t.teardown(() => child.kill())
  for (;;) {
    const { stdout } = await ended(node, [main, 'status', String(child.pid)])
    if (!/guarded +[1-9]\d* blocks so far, \d+ now, at most 50 a second/.test(stdout)) continue
    t.pass()
    return
  }
})

// ---- bugs that are planted in an addon ----

const server = `
  const { createServer } = require('node:http')
  const { stats } = require(${JSON.stringify(path.resolve('dist/index.js'))})
  const misuse = require('./misuse.node')
  function checkout(kind) { return misuse[kind]() }
  createServer(({ url }, response) => {
    checkout(url.slice(1))
    response.end(String(stats().guardSamples))
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })
`
/*
 * Each request makes one block that the addon misuses, among about 15 others that may be guarded. So a sample finds the bug
 * with a probability of 1/16, and the expected number is 16. Were it one in 29, 600 samples would all miss with a
 * probability of 1e-9.
 */
const samplesMost = 600

interface Found {
  report: string
  signal: NodeJS.Signals | null
  samples: number
}

/** Sends requests until the server ends. */
async function request(kind: string): Promise<Found> {
  const file = path.join(place, 'server.cjs')
  writeFileSync(file, server)
  const engine = ['--perf-basic-prof', '--interpreted-frames-native-stack']
  const child = spawn(node, [main, 'run', '--guard', '--', node, ...engine, file], {
    cwd: place,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const found: Found = { report: '', signal: null, samples: 0 }
  child.stderr.on('data', (chunk) => {
    found.report += chunk
  })
  const closed = once(child, 'close')
  const [port] = await once(child.stdout, 'data')
  const agent = new Agent({ keepAlive: true })
  const one = () =>
    new Promise<number>((resolve, reject) => {
      get({ host: '127.0.0.1', port: Number(port), path: `/${kind}`, agent }, (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve(Number(text)))
        response.on('error', reject)
      }).on('error', reject)
    })
  try {
    while (found.samples <= samplesMost) found.samples = await one()
    child.kill()
  } catch {
    // It has ended.
  }
  const [, signal] = await closed
  agent.destroy()
  rmSync(`/tmp/perf-${child.pid}.map`, { force: true })
  return { ...found, signal }
}

/** V8 may have built `checkout` into its caller. */
const addonFlags = ['-fno-builtin', '-Wno-use-after-free']
const before = String.raw`\d+\.\d{3} s before by thread \d+:\n`
const frames = (name: string) =>
  String.raw`    #0 ${name}\+0x[0-9a-f]+ \(.*misuse\.node\+0x[0-9a-f]+\)\n(?:    #\d+ .*\n)*?` +
  String.raw`    #\d+ JavaScript .*server\.cjs:\d+:\d+\n(?:    #\d+ .*\n)+`

serialTest('a use after free in an addon is found, with the functions of JavaScript', async (t) => {
  compileAddon('native/test/addon/misuse.c', place, addonFlags)
  const { report, signal, samples } = await request('nameLength')
  t.log(`found after ${samples} samples`)
  t.is(signal, 'SIGSEGV', report)
  const line = String.raw`superslab: use after free: 0x[0-9a-f]+, inside a freed block of 120 bytes, 17 bytes from its start\n`
  const calls = `  read by thread \\d+:\n${frames('name_length')}  freed ${before}${frames('name_length')}`
  t.regex(report, new RegExp(`^${line}${calls}  allocated ${before}${frames('name_length')}$`))
})

serialTest('an overflow in an addon is found', async (t) => {
  compileAddon('native/test/addon/misuse.c', place, addonFlags)
  const { report, signal, samples } = await request('keyLength')
  t.log(`found after ${samples} samples`)
  t.is(signal, 'SIGABRT', report)
  const line = String.raw`superslab: overflow: 0x[0-9a-f]+, one byte past a block of 56 bytes, found when it was freed\n`
  const calls = `  freed by thread \\d+:\n${frames('key_length')}`
  t.regex(report, new RegExp(`^${line}${calls}  allocated ${before}${frames('key_length')}$`))
})
