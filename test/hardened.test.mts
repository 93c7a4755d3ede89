// The hardened libraries under the command line: chosen by a level, told by status, check, doctor and bench.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { levelName, preloadFile } from '#dist/preload'
import { readPublication, timeLimitOfOneMs } from '#dist/publication'
import { ended, main, plainEnvironment, run } from './support/cli.mjs'

const onLinux = process.platform === 'linux' ? test : test.skip

const levels = [
  { words: [], level: 0 },
  { words: ['--hardened'], level: 1 },
  { words: ['--hardened=1'], level: 1 },
  { words: ['--hardened', '2'], level: 2 },
  { words: ['--hardened=2'], level: 2 },
] as const

const env = plainEnvironment()

function cli(...args: string[]) {
  return ended(process.execPath, [main, ...args], { env })
}

function temporaryFolder(t: ExecutionContext): string {
  const place = mkdtempSync(path.join(tmpdir(), 'superslab-hardened-'))
  t.teardown(() => rmSync(place, { recursive: true }))
  return place
}

/** What a program prints: the libraries of superslab that it has mapped. */
const mapped = `const maps = require('fs').readFileSync('/proc/self/maps', 'utf8')
console.log([...new Set(maps.match(/[^/\\s]*libsuperslab[^\\s]*/g))].join(' '))`

for (const { words, level } of levels)
  onLinux(`${['run', ...words].join(' ')} serves by the library of level ${level}`, async (t) => {
    const program = `${mapped}\nconsole.log(require(${JSON.stringify(path.resolve('dist/index.js'))}).active)`
    const { code, stdout, stderr } = await run([...words, '--', process.execPath, '-e', program], {
      env,
    })
    t.is(code, 0, stderr)
    t.is(stdout, `${path.basename(preloadFile(undefined, level))}\ntrue\n`)
    const printed = await cli('path', ...words)
    t.is(printed.stdout, `${preloadFile(undefined, level)}\n`, printed.stderr)
    const lines = await cli('env', ...words)
    t.is(
      lines.stdout,
      `ENV LD_PRELOAD=${preloadFile(undefined, level)}\nENV SUPERSLAB_CHILDREN=node\n`,
    )
  })

onLinux('the library that path prints is at its level without any variable', async (t) => {
  for (const level of [1, 2] as const) {
    const { stdout } = await cli('path', `--hardened=${level}`)
    const served = spawn('sleep', ['60'], {
      env: { PATH: process.env.PATH, LD_PRELOAD: stdout.trim(), SUPERSLAB_CHILDREN: 'all' },
    })
    t.teardown(() => served.kill('SIGKILL'))
    t.is(await levelOf(served.pid ?? 0), level)
  }
})

/** The level that a process publishes, once it does. */
async function levelOf(pid: number): Promise<number> {
  for (;;) {
    const found = readPublication(pid, timeLimitOfOneMs)
    if ('stats' in found) return found.hardened
    if (!['not-active', 'not-yet', 'passes-through'].includes(found.reason))
      throw new Error(found.message)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

onLinux('another level than 1 and 2 is refused, by each command that takes one', async (t) => {
  for (const value of ['0', '3', 'on', '']) {
    for (const [command, code, ...rest] of [
      ['run', 125, '--', 'true'],
      ['path', 1],
      ['env', 1],
      ['doctor', 1, '--', 'true'],
    ] as const) {
      const result = await cli(command, `--hardened=${value}`, ...rest)
      t.is(result.code, code, `${command} --hardened=${value}: ${result.stderr}`)
      t.regex(result.stderr, /option '--hardened \[level\]'.* It must be 1 or 2/)
      t.is(result.stdout, '')
    }
  }
  const swallowed = await run(['--hardened', 'node', '-p', '1'], { env })
  t.is(swallowed.code, 125)
  t.regex(
    swallowed.stderr,
    /argument 'node' is invalid\. It must be 1 or 2; a command comes after --\./,
  )
})

onLinux('the hardened library records, profiles and guards as the default one does', async (t) => {
  const place = temporaryFolder(t)
  const program =
    'const kept = []; for (let i = 0; i < 2000; i++) kept.push(Buffer.alloc(5000)); console.log(kept.length)'
  for (const level of [1, 2]) {
    const [recording, profile] = [
      path.join(place, `${level}.rec`),
      path.join(place, `${level}.html`),
    ]
    const option = `--hardened=${level}`
    const command = ['--', process.execPath, '-e', program]
    const recorded = await run([option, '--record', recording, ...command], { env })
    t.is(recorded.code, 0, recorded.stderr)
    const replayed = await cli('bench', 'replay', recording, '--no-preloaded', '--runs', '5')
    t.is(replayed.code, 0, replayed.stderr)
    const profiled = await run([option, `--profile=${profile}`, ...command], { env })
    t.is(profiled.code, 0, profiled.stderr)
    t.is(profiled.stdout, '2000\n')
    t.true(existsSync(profile), profiled.stderr)
    t.regex(readFileSync(profile, 'utf8'), /<html/)
    const guarded = await run([option, '--guard=100', ...command], { env })
    t.is(guarded.code, 0, guarded.stderr)
    t.is(guarded.stdout, '2000\n')
  }
})

onLinux('status and check show the level', async (t) => {
  const child = spawn(
    process.execPath,
    [
      main,
      'run',
      '--hardened=2',
      '--',
      process.execPath,
      '-e',
      'console.log(1); setInterval(() => {}, 1e6)',
    ],
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const pid = String(child.pid)
  t.is(await levelOf(Number(pid)), 2)
  const one = await cli('status', pid)
  t.regex(one.stdout, /^superslab [\d.]+, hardened level 2, serves process /, one.stderr)
  t.is(JSON.parse((await cli('status', pid, '--json')).stdout).hardened, 2)
  const all = await cli('status')
  t.regex(all.stdout, /^ *pid .*hardened {2}command$/m)
  t.regex(all.stdout, new RegExp(`^ *${pid} .* 2 {2}node`, 'm'))
  const checked = await cli('check', pid)
  t.regex(checked.stdout, /^superslab: process \d+ is served at hardened level 2 \(/)
})

onLinux('bench measures a hardened library that is named', async (t) => {
  const names = [1, 2].map((level) => levelName(level as 1 | 2))
  const args = [
    'bench',
    'random-mixed',
    '--ops',
    '1000',
    '--against',
    names.join(','),
    '--json',
    '-',
  ]
  const { code, stdout, stderr } = await cli(...args)
  t.is(code, 0, stderr)
  const { versions } = JSON.parse(stdout) as { versions: Record<string, string> }
  t.deepEqual(
    Object.keys(versions).filter((name) => names.includes(name)),
    names,
  )
  t.is(versions['superslab-hardened'], versions.superslab)
  const unknown = await cli('bench', 'random-mixed', '--against', 'superslab-hardened3')
  t.regex(unknown.stderr, /give one of system, superslab-hardened, superslab-hardened2, mimalloc/)
})
