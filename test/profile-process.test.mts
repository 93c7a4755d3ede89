// `superslab profile PID`, and how a profile is written while and when a program ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { named } from '#dist/profile/names'
import { readRaw } from '#dist/profile/raw'
import { ended, main, plainEnvironment, run } from './support/cli.mjs'
import { folderOf, written } from './support/profiles.mjs'

const linuxTest = process.platform === 'linux' ? test : test.skip
const node = process.execPath
const options = '--perf-basic-prof --interpreted-frames-native-stack'

/** Where the engine has built growHere into its caller, that has its place. */
const grower =
  /^Most (memory in use|growth): .* by (growHere|callback of setInterval) \(.*grow\.cjs:[23]\)\.$/m

/** A program that keeps a MiB at each step, served or not, and has taken its first steps. */
async function growing(t: ExecutionContext, served = true, more: Record<string, string> = {}) {
  const folder = folderOf(t)
  const file = written(
    folder,
    'grow.cjs',
    `const kept = []
    function growHere() { kept.push(Buffer.alloc(1 << 16)) }
    setInterval(() => { for (let i = 0; i < 16; i++) growHere(); console.log('step') }, 20)`,
  )
  const words = [...(served ? [main, 'run', '--', node] : []), file]
  const child = spawn(node, words, {
    ...{ cwd: folder, env: plainEnvironment({ NODE_OPTIONS: options, ...more }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')
  child.stdout?.resume()
  return { pid: String(child.pid), folder, child }
}

const profile = (...args: string[]) => ended(node, [main, 'profile', ...args])

linuxTest('a running process is sampled, and is as before afterwards', async (t) => {
  const { pid, folder } = await growing(t)
  const { code, stdout, stderr } = await profile(pid, '--seconds', '1')
  t.is(code, 0, stderr)
  t.regex(stdout, grower)
  t.is(stderr, `superslab: sampling process ${pid} for 1 s\n`)
  const page = path.join(folder, 'growth.html')
  const again = await profile(pid, '--seconds', '1', '--diff', '-o', page)
  t.is(again.code, 0, again.stderr)
  t.regex(readFileSync(page, 'utf8').match(/<strong>(.*)<\/strong>/)?.[1] ?? '', grower)
  const raw = path.join(folder, 'heap.raw')
  t.is((await profile(pid, '--seconds', '0.1', '-o', raw)).code, 0)
  t.is(readRaw(raw).pid, Number(pid))
})

linuxTest('a process that profiles itself is asked without disturbing it', async (t) => {
  const raw = path.join(folderOf(t), 'own.raw')
  const { pid, child } = await growing(t, true, { SUPERSLAB_PROFILE: `${raw},mean=64K` })
  const { stdout, stderr } = await profile(pid, '--seconds', '0.5', '--diff')
  t.regex(stderr, /it does so already/)
  t.regex(stdout, grower)
  child.kill('SIGUSR2')
  while (!existsSync(raw)) await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')
  t.is(readRaw(raw).interval, 65536)
})

linuxTest('an idle process that profiles itself answers', async (t) => {
  const folder = folderOf(t)
  const raw = path.join(folder, 'own.raw')
  const file = written(
    folder,
    'idle.cjs',
    `const kept = []
    function holdHere() { for (let i = 0; i < 40; i++) kept.push(Buffer.alloc(1 << 16)) }
    holdHere(); console.log('idle'); setTimeout(() => {}, 2 ** 30)`,
  )
  const setting = { NODE_OPTIONS: options, SUPERSLAB_PROFILE: `${raw},mean=8K` }
  const child = spawn(node, [main, 'run', '--', node, file], {
    ...{ cwd: folder, env: plainEnvironment(setting), stdio: ['ignore', 'pipe', 'inherit'] },
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')
  // As long as the background thread stays without work, and once more.
  await new Promise((resolve) => setTimeout(resolve, 4000))
  const { code, stdout, stderr } = await profile(String(child.pid), '--seconds', '0.1')
  t.is(code, 0, stderr)
  t.regex(stdout, /^Most memory in use: 2\.\d+ MiB.* by holdHere /m)
  child.kill('SIGUSR2')
  while (!existsSync(raw)) await new Promise((resolve) => setTimeout(resolve, 20))
  t.is(readRaw(raw).interval, 8192)
})

linuxTest('what cannot be profiled is told in one line', async (t) => {
  const { pid } = await growing(t, false)
  const file = written(folderOf(t), 'other.raw', 'text')
  for (const [args, message] of [
    [[pid], new RegExp(`^process ${pid} is not served: its environment has no LD_PRELOAD`)],
    [['999999999'], 'there is no process 999999999'],
    [[file], `${file} is not a profile of superslab`],
    [[file, '--diff'], '--diff is for a process; for files name both, the earlier one first'],
    [[pid, file], 'a process is profiled alone: leave out the file'],
    [[file, '-o', 'a.txt'], /^--output: a\.txt does not end in/],
  ] as const) {
    const { code, stdout, stderr } = await profile(...args)
    t.is(code, 1, args.join(' '))
    t.is(stdout, '')
    if (typeof message === 'string') t.is(stderr, `superslab: ${message}\n`)
    else t.regex(stderr.replace(/^superslab: /, ''), message)
  }
})

linuxTest('the profile at the end has what the program held, however it ends', async (t) => {
  const keep =
    'globalThis.kept = []; function keepAll() { for (let i = 0; i < 40; i++) kept.push(Buffer.alloc(1 << 16)) }; keepAll();'
  for (const [how, code] of [
    ['', 0],
    ['process.exit(3)', 3],
    ['throw new Error("on purpose")', 1],
    ['process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)', null],
    [
      'process.once("SIGTERM", () => process.exit(4)); process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)',
      4,
    ],
  ] as const) {
    const folder = folderOf(t)
    const raw = path.join(folder, 'heap.raw')
    const all = [`--profile=${raw}`, '--profile-mean=8K', '--', node, '-e', `${keep} ${how}`]
    const result = await run(all, { cwd: folder })
    t.is(result.code, code, `${how}: ${result.stderr}`)
    if (code === null) t.is(result.signal, 'SIGTERM')
    const held = named(readRaw(raw))
      .stacks.filter(({ frames }) => frames.some(({ name }) => name === 'keepAll'))
      .reduce((sum, { inUseBytes }) => sum + inUseBytes, 0)
    t.true(held > 0.95 * (40 << 16) && held < 1.1 * (40 << 16), `${how}: ${held}`)
    t.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.part')),
      [],
    )
  }
})

linuxTest('processes below the command write files of their own', async (t) => {
  const folder = folderOf(t)
  const below = 'globalThis.kept = Buffer.alloc(1 << 20)'
  const code = `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(below)}])`
  const { stderr } = await run([`--profile=${folder}/heap.html`, '--', node, '-e', code], {
    cwd: folder,
  })
  const names = readdirSync(folder).toSorted()
  t.is(names.length, 2, `${names.join()} ${stderr}`)
  t.regex(names[0] ?? '', /^heap\.\d+\.html$/)
  t.is(names[1], 'heap.html')
})

linuxTest(
  'on a signal and after minutes the profile is written while the program runs',
  async (t) => {
    const folder = folderOf(t)
    const page = path.join(folder, 'heap.html')
    const code = `globalThis.kept = []; const { existsSync } = require('node:fs')
    setInterval(() => { kept.push(Buffer.alloc(1 << 20)); if (existsSync(${JSON.stringify(page)})) process.exit() }, 20)`
    const { stderr } = await run(
      [`--profile=${page}`, '--profile-minutes=0.02', '--', node, '-e', code],
      { cwd: folder },
    )
    t.is(stderr, `superslab: wrote ${page}\n`)
  },
)

linuxTest('Ctrl-C in a terminal ends the program with its profile', async (t) => {
  const folder = folderOf(t)
  const code =
    'globalThis.kept = Buffer.alloc(32 << 20); setInterval(() => {}, 1000); console.log("up")'
  const file = written(folder, 'server.cjs', code)
  const command = `${node} ${main} run --profile=${folder}/heap.html -- ${node} ${file}`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    ...{ cwd: folder, env: plainEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] },
  })
  const end = once(terminal, 'close')
  let text = ''
  terminal.stdout.on('data', (chunk) => {
    text += chunk
    if (text === 'up\r\n') terminal.stdin.write('\x03')
  })
  await end
  t.regex(text, /superslab: wrote .*heap\.html/)
  t.regex(readFileSync(path.join(folder, 'heap.html'), 'utf8'), /<strong>Most memory in use: /)
})
