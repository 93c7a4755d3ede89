import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { onPressure } from 'superslab'
import { main, plainEnvironment } from './support/cli.mjs'
import { type Group, limitedGroup } from './support/group.mjs'

const mebibyte = 2 ** 20
const limit = 200 * mebibyte
const serial = process.platform === 'linux' ? test.serial : test.serial.skip

const folder = mkdtempSync(path.join(tmpdir(), 'superslab-pressure-'))
test.after.always(() => rmSync(folder, { recursive: true }))

function program(name: string, text: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

/** A test in a group with a limit; where none can be made, it says so and is no success but a skipped one. */
function grouped(title: string, body: (t: ExecutionContext, group: Group) => Promise<void>): void {
  const name = title.replace(/\W+/g, '-').slice(0, 30)
  const probe = process.platform === 'linux' ? limitedGroup(`${name}-probe`, limit) : undefined
  probe?.remove()
  ;(probe ? test.serial : test.serial.skip)(title, async (t) => {
    const group = limitedGroup(name, limit)
    if (group === undefined) throw new Error('no group can be made any more')
    try {
      await body(t, group)
    } finally {
      group.remove()
    }
  })
}

const served = (file: string, ...args: string[]) => [
  process.execPath,
  main,
  'run',
  '--',
  process.execPath,
  ...args,
  file,
]

/** The lines of a complete report, without the prefix. */
function reportIn(text: string): string[] | undefined {
  const lines = text.split('\n').filter((line) => line.startsWith('superslab: '))
  const start = lines.findIndex((line) => /near its container's limit/.test(line))
  const end = lines.indexOf('superslab: end of the report')
  return start >= 0 && end > start ? lines.slice(start, end + 1) : undefined
}

function mebibytesOf(report: string[], name: string): number {
  const line = report.find((one) => one.startsWith(`superslab:   ${name}`)) ?? ''
  return Number(/([\d.]+) MiB$/.exec(line)?.[1] ?? Number.NaN)
}

const leaks = {
  Buffers: `const kept = []
for (;;) kept.push(Buffer.alloc(2 ** 20, 1))`,
  objects: `const kept = []
function more() {
  for (let i = 0; i < 20000; i++) kept.push({ i, list: [i, i, i] })
  setImmediate(more)
}
more()`,
}

for (const [what, text] of Object.entries(leaks))
  grouped(
    `a program that leaks ${what} until it is killed leaves a report, ten times`,
    async (t, group) => {
      const file = program(`leak-${what}.cjs`, text)
      for (let round = 0; round < 10; round++) {
        const { signal, stderr } = await group.run(
          served(file, '--max-old-space-size=4000'),
          plainEnvironment(),
        )
        t.is(signal, 'SIGKILL')
        const report = reportIn(stderr)
        if (report === undefined) {
          t.fail(`round ${round}: ${stderr}`)
          return
        }
        const holder = what === 'Buffers' ? 'superslab: Buffers' : "V8's heaps"
        t.true(mebibytesOf(report, holder) > mebibytesOf(report, 'in all') / 2, report.join('\n'))
        // Pages of files may be charged to another group, which read them first.
        t.true(mebibytesOf(report, 'in all') < (1.4 * limit) / mebibyte, report.join('\n'))
        for (const line of report) t.true(line.length <= 80, line)
      }
    },
  )

grouped('with a profile the report names the line that leaks, ten times', async (t, group) => {
  const file = program(
    'leak-named.cjs',
    `const kept = []
function planted() {
  kept.push(Buffer.alloc(2 ** 18, 1))
}
for (;;) planted()`,
  )
  const profile = path.join(folder, 'named.raw')
  const changes = { SUPERSLAB_PROFILE: `${profile},mean=262144` }
  // With its map the engine writes a log, too.
  const engine = [
    '--perf-basic-prof',
    '--interpreted-frames-native-stack',
    `--logfile=${path.join(folder, 'v8.log')}`,
    '--no-logfile-per-isolate',
  ]
  for (let round = 0; round < 10; round++) {
    const { signal, stderr } = await group.run(served(file, ...engine), plainEnvironment(changes))
    t.is(signal, 'SIGKILL')
    const report = reportIn(stderr)
    t.truthy(report, `round ${round}: ${stderr}`)
    if (!report) return
    const line = report.find((one) => /leak-named\.cjs:/.test(one)) ?? ''
    t.regex(line, /^superslab: +\d+\.\d MiB planted .*leak-named\.cjs:2:/, report.join('\n'))
    t.true(mebibytesOf([line.replace(/^superslab: +([\d.]+ MiB).*/, 'superslab:   $1')], '') > 50)
    for (const one of report) t.true(one.length <= 80, one)
  }
})

/** Fills the group to 94 % and stays there. */
const filler = `const kept = []
const { readFileSync } = require('node:fs')
function fill() {
  if (Number(readFileSync(process.env.TEST_USED, 'utf8')) < 188 * 2 ** 20) {
    kept.push(Buffer.alloc(2 ** 20, 1))
    setTimeout(fill, 2)
  } else setTimeout(() => process.exit(), 1500)
}
fill()`

grouped('the report is appended to the file of SUPERSLAB_STATS, once', async (t, group) => {
  const file = path.join(folder, 'report.txt')
  const command = served(program('fill.cjs', filler))
  const { code, stderr } = await group.run(command, plainEnvironment({ SUPERSLAB_STATS: file }))
  t.is(code, 0, stderr)
  t.is(stderr, '')
  const text = readFileSync(file, 'utf8')
  t.truthy(reportIn(text), text)
  t.is(text.match(/end of the report/g)?.length, 1)
  t.regex(text, /superslab: pid=\d+ live_bytes/)
})

grouped('SUPERSLAB_STATS=0 turns the report off', async (t, group) => {
  const command = served(program('fill.cjs', filler))
  const { code, stderr } = await group.run(command, plainEnvironment({ SUPERSLAB_STATS: '0' }))
  t.is(code, 0, stderr)
  t.is(stderr, '')
})

/** Grows until the listeners of the main thread and of a worker have been called, and then gives back. */
const listening = (superslab: string) => `
const { Worker, isMainThread, parentPort } = require('node:worker_threads')
const { onPressure } = require(${JSON.stringify(superslab)})
const told = ({ usedBytes, limitBytes, residentBytes, heapUsedBytes, superslab }) =>
  ({ usedBytes, limitBytes, residentBytes, heapUsedBytes, live: superslab.liveBytes })
if (isMainThread) {
  const got = {}
  let calls = 0
  const kept = []
  const done = () => {
    if (!got.main || !got.worker) return
    kept.length = 0
    setTimeout(() => {
      console.log(JSON.stringify({ ...got, calls }))
      process.exit()
    }, 300)
  }
  onPressure((pressure) => { calls++; got.main = told(pressure); done() })
  new Worker(__filename).on('message', (pressure) => { got.worker = pressure; done() })
  const grow = () => {
    if (got.main && got.worker) return
    const used = Number(require('node:fs').readFileSync(process.env.TEST_USED, 'utf8'))
    if (used < 190 * 2 ** 20) kept.push(Buffer.alloc(2 ** 20, 1))
    setTimeout(grow, 3)
  }
  grow()
} else {
  onPressure((pressure) => parentPort.postMessage(told(pressure)))
  setInterval(() => {}, 1000)
}`

for (const isServed of [true, false])
  grouped(
    `onPressure is called in the main thread and in a worker, ${isServed ? 'served' : 'not served'}`,
    async (t, group) => {
      const file = program('listen.cjs', listening(path.resolve('dist/index.js')))
      const command = isServed ? served(file) : [process.execPath, file]
      const { code, stdout, stderr } = await group.run(command, plainEnvironment())
      t.is(code, 0, stderr)
      const { main: own, worker, calls } = JSON.parse(stdout)
      t.is(calls, 1)
      for (const pressure of [own, worker]) {
        t.is(pressure.limitBytes, limit)
        t.true(pressure.usedBytes >= 0.9 * limit)
        t.true(pressure.residentBytes > limit / 2)
        t.true(pressure.heapUsedBytes > 0)
      }
      if (!isServed) return
      t.true(own.live > limit / 2)
      for (const thread of [0, 1])
        t.regex(stderr, new RegExp(`^superslab: V8 counts in thread ${thread}$`, 'm'))
      t.is(stderr.match(/^superslab: {3}limit of the heap +\d+\.\d MiB$/gm)?.length, 2)
    },
  )

grouped(
  'a listener is called early if it asks for that, and not after it was removed',
  async (t, group) => {
    const file = program(
      'early.cjs',
      `const { onPressure } = require(${JSON.stringify(path.resolve('dist/index.js'))})
const kept = []
const shares = []
const removed = onPressure(() => shares.push('removed'), { at: 0.5 })
removed()
onPressure(({ usedBytes, limitBytes }) => { shares.push(usedBytes / limitBytes) }, { at: 0.6, every: 0 })
onPressure(() => { throw new Error('of a listener') }, { at: 0.6 })
process.on('uncaughtException', ({ message }) => console.error(message))
const grow = () => {
  if (shares.length > 2) { console.log(JSON.stringify(shares)); process.exit() }
  if (shares.length === 0) kept.push(Buffer.alloc(2 ** 20, 1))
  setTimeout(grow, 3)
}
grow()`,
    )
    const { code, stdout, stderr } = await group.run([process.execPath, file], plainEnvironment())
    t.is(code, 0, stderr)
    t.is(stderr, 'of a listener\n')
    for (const share of JSON.parse(stdout)) t.true(share >= 0.6 && share < 0.85, stdout)
  },
)

grouped('a listener does not keep the process alive', async (t, group) => {
  const file = program(
    'ends.cjs',
    `require(${JSON.stringify(path.resolve('dist/index.js'))}).onPressure(() => {})`,
  )
  const { code, stderr } = await group.run([process.execPath, file], plainEnvironment())
  t.is(code, 0, stderr)
})

serial('wrong arguments of onPressure throw', (t) => {
  const wrong = onPressure as (...values: unknown[]) => () => void
  t.throws(() => wrong(), { code: 'ERR_INVALID_ARG_TYPE', message: /listener/ })
  t.throws(() => wrong(() => {}, { at: 2 }), { code: 'ERR_OUT_OF_RANGE', message: /at/ })
  t.throws(() => wrong(() => {}, { every: '1' }), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => wrong(() => {}, { often: true }), { code: 'ERR_OUT_OF_RANGE', message: /often/ })
  wrong(() => {}, { at: 0.5, every: 5 })()
})
