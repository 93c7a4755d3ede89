// The three leaks of docs/profiling.md, each as it is shown there: the page's first line names the function.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { compileAddon } from './support/addons.mjs'
import { ended, main, plainEnvironment } from './support/cli.mjs'
import { folderOf } from './support/profiles.mjs'

const linuxTest = process.platform === 'linux' ? test : test.skip
const examples = path.resolve('examples/leaks')

/** The sentence in large letters. */
function verdictOf(file: string): string {
  return readFileSync(file, 'utf8').match(/<strong>(.*?)<\/strong>/)?.[1] ?? ''
}

/** The line of a text in an example, from 1. */
function lineOf(name: string, text: string): number {
  const lines = readFileSync(path.join(examples, name), 'utf8').split('\n')
  return lines.findIndex((line) => line.includes(text)) + 1
}

/** The arguments that have node profile what follows into a file. */
function profiling(file: string): string[] {
  const options = [`--profile=${file}`, '--profile-mean=32K', '--profile-exact']
  return [main, 'run', ...options, '--', process.execPath]
}

async function profiled(t: ExecutionContext, name: string, ...args: string[]) {
  const file = path.join(folderOf(t), 'heap.html')
  const { code, stdout, stderr } = await ended(
    process.execPath,
    [...profiling(file), name, ...args],
    {
      ...{ cwd: examples, env: plainEnvironment() },
    },
  )
  t.is(code, 0, stderr)
  return { verdict: verdictOf(file), stdout }
}

linuxTest('Buffers that a Map keeps', async (t) => {
  const { verdict, stdout } = await profiled(t, 'sessions.mjs')
  t.is(stdout, 'sessions: 1000, checksum: 3000021\n')
  const [, share, place] = verdict.match(/\((\d+) %\) by decodeAvatar \((.*)\)\.$/) ?? []
  t.true(Number(share) > 80, verdict)
  t.is(place, `${examples}/sessions.mjs:${lineOf('sessions.mjs', 'function decodeAvatar')}`)
})

linuxTest('an addon that forgets to free', async (t) => {
  const addon = compileAddon('examples/leaks/thumbnail.c', folderOf(t))
  const { verdict, stdout } = await profiled(t, 'thumbnails.mjs', '1000', addon)
  t.is(stdout, 'thumbnails: 500, refused: 500\n')
  const [, share, place] = verdict.match(/\((\d+) %\) by (\w+ \(.*\))\.$/) ?? []
  t.true(Number(share) > 80, verdict)
  const line = lineOf('thumbnail.c', 'calloc(1, CANVAS_BYTES)')
  const caller = lineOf('thumbnail.c', 'canvas = make_canvas()')
  // A compiler may build make_canvas into its caller.
  t.regex(place ?? '', new RegExp(`^(make_canvas .*:${line}|resize .*:(${line}|${caller}))\\)$`))
})

linuxTest('a cache in a worker', async (t) => {
  const file = path.join(folderOf(t), 'heap.html')
  const child = spawn(process.execPath, [...profiling(file), 'prices.mjs', '1000'], {
    ...{ cwd: examples, env: plainEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] },
  })
  const end = new Promise((resolve) => child.on('close', resolve))
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  child.kill('SIGUSR2')
  while (!existsSync(file)) await sleep(50)
  child.kill('SIGTERM')
  await end
  const [, share, place] = verdictOf(file).match(/\((\d+) %\) by load \((.*)\)\.$/) ?? []
  t.true(Number(share) > 80, verdictOf(file))
  t.is(place, `${examples}/prices-worker.mjs:${lineOf('prices-worker.mjs', 'load(product) {')}`)
})
