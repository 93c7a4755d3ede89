// Runs every command of the README and the documentation from the installed package (`npm run test:package` names its
// folder in TEST_PACKAGE), in a folder that has a server.js, a worker.js and a job.js.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { plainEnvironment } from './support/cli.mjs'
import { type Document, documents, shellLinesOf } from './support/documents.mjs'

/** The lines of shell blocks, commands within a text, and the commands of images, pods and units. */
function commandsOf(document: Document): string[] {
  const { text } = document
  const within = text.matchAll(
    /`((?:LD_PRELOAD=\$\(npx superslab path\)|npx superslab|superslab) [^`]*)`/g,
  )
  const started = text.matchAll(
    /^(?:CMD|\s+command:) (\["(?:npx|node_modules\/\.bin\/superslab)".*\])$/gm,
  )
  const units = text.matchAll(/^ExecStart=\/srv\/api\/(.*)$/gm)
  return [
    ...shellLinesOf(document),
    ...[...within].map(([, line = '']) => line.replaceAll('\n', ' ')),
    ...[...started].map(([, list = '']) => (JSON.parse(list) as string[]).join(' ')),
    ...[...units].map(([, line = '']) => line.replaceAll('/usr/bin/node', 'node')),
  ]
}

const all = [...new Set(documents.flatMap(commandsOf))]

/** Commands that are not run here, each with the reason. */
const notHere: [RegExp, string][] = [
  [/^npm (start|test)$/, 'of the repository: the package has no such script'],
  [/^npm run (?!build:native)[\w:]+/, 'of the repository: the package has no such script'],
  [/^(cmake|ctest) /, 'of the repository: the package has no C tests'],
  [/^node bench\//, 'of the repository: the package has no such folder'],
  [/build\/Release\/superslab-bench/, 'of the repository: npm run build lays it there'],
  [/^npm install superslab$/, 'what is installed here is the tarball, by npm run test:package'],
  [
    /^superslab (run|run --(record|profile|guard|hardened(=2)?)|profile|doctor|bench)$/,
    'names a command, without its arguments',
  ],
  [
    /^superslab ((block|slab)( ADDRESS)?|heaps|spaces)$/,
    'a command of gdb: test/debugger.test.mts',
  ],
  [
    /^superslab ((run|path|env) \[--hardened|run --record FILE|path PROGRAM|bench NAME$)/,
    'a synopsis',
  ],
  [/^superslab doctor --hardened -- COMMAND$/, 'a synopsis'],
  [/^superslab run --profile=FILE\.raw|^superslab check PID/, 'a synopsis'],
  [/profile before\.raw after\.raw/, 'needs two profiles: test/profile-process.test.mts'],
  [/\bpm2 start\b/, 'pm2 is not installed here: test/programs/supervisors.test.mts runs it'],
  [
    /^(npx )?superslab check$/,
    'looks at every process of this machine: test/status.test.mts runs it',
  ],
  [/^superslab run -- sudo/, 'what is refused: test/run.test.mts'],
  [/^npm explore superslab -- npm run build:native$/, 'compiles for minutes'],
]

/**
 * Suites with workloads that wait for seconds in each run, whatever the number of operations, for memory to be given
 * back. They are run beside all other commands.
 */
const isLong = (line: string) => /\bbench (all|idle)\b/.test(line)

/** A command in a short form for the test: suites with few operations. */
function shortened(line: string): string {
  const short = line
    .replace(/\bnpx superslab\b|\bnode_modules\/\.bin\/superslab\b/g, 'superslab')
    .replace(/\bbench WORKLOAD\b/, 'bench churn')
    .replace(/ --against [a-z,]+/, '')
    .replace(/--runs \d+/, '--runs 5')
    .replace(/--live \d+/, '--live 1')
    // The first recording, that of job.js, serves all commands that need one.
    .replace(/(?<=\bbench replay ).*?\.(rec|gz)(?= --|$)/, 'file.rec')
    .replace(/--replay \S+/, '--replay file.rec')
    .replace(/--duration \d+/, '--duration 1')
    .replace(/--settle \d+/, '--settle 1')
    .replace(/npx autocannon \S+ \S+ (\S+)/, 'node load.js $1')
    .replaceAll('3000', '"$PORT"')
    .replace(/\bPID\b/, '"$SERVED"')
  if (/^superslab bench (replay|fleet)/.test(short)) return `${short} --ops 2000`
  if (/^superslab bench (?!--help)/.test(short)) return `${short} --ops 2000 --ws 64`
  if (!/^superslab doctor\b/.test(short)) return short
  const settle = short.includes('--settle') ? '' : ' --settle 1'
  const whole = / -- |--replay/.test(short) ? short : `${short} -- node job.js`
  return whole.replace('superslab doctor', `superslab doctor --runs 1${settle}`)
}

/** The output of a command, or the file that it writes. */
const promises: [RegExp, RegExp][] = [
  [/\brun --stats\b/, /superslab: pid=\d+ live_bytes=\d+/],
  [/\brun\b.*node server\.js|^LD_PRELOAD=.*node server\.js/, /^active true$/m],
  [/--routes/, /^free hit +[\d,]+/m],
  [/--help$/, /^Usage: superslab bench/],
  [/^superslab bench churn/, /^churn.*MiB/m],
  [/^superslab bench all/, /^pipeline\b.*MiB/m],
  [/^superslab bench idle/, /^survivors\b.*MiB/m],
  [/^superslab bench seed/, /^handoff\b.*MiB/m],
  [/^superslab bench random-toggle/, /^random-mixed, 4 threads\b.*MiB/m],
  [/^superslab bench properties/, /^crowd\b.*MiB/m],
  [/^superslab bench latency/, /^latency-idle\b.*MiB/m],
  [/^superslab doctor/, /superslab/],
  [/^superslab include$/, /native\/include$/m],
  [/^superslab status (?!.*--explain)|^superslab status$/, /live/],
  [/^superslab explain|--explain/, /of the resident memory is attributed/],
]

test('every command is run or has a reason not to be, and every reason has a command', (t) => {
  t.true(all.length > 30)
  for (const [pattern, reason] of notHere)
    t.true(
      all.some((line) => pattern.test(line)),
      `${pattern}: ${reason}`,
    )
  for (const line of all.filter((one) => !notHere.some(([pattern]) => pattern.test(one))))
    t.regex(line, /\bsuperslab\b/, line)
})

const programs = {
  'server.js': `console.log('active', require('superslab').active)
    if (process.env.LISTEN) require('http').createServer((_, answer) => answer.end('x')).listen(process.env.PORT)`,
  'worker.js': 'setInterval(() => Buffer.alloc(1000), 10)',
  'job.js': "Array.from({ length: 1000 }, () => 'x'.repeat(1000))",
  'build.js': "Buffer.alloc(1000, 'x')",
  'load.js': 'fetch(process.argv[2]).then((answer) => answer.text())',
}

/** A size in bytes, allocations per second, live objects. */
const profile = '64,1000,500\n4096,100,50\n'

const installed = process.env.TEST_PACKAGE
const node = process.env.TEST_NODE ?? process.execPath

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

async function startServed(place: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  // It works: a process that allocates nothing answers no request for a profile.
  const work = 'console.log(1); setInterval(() => Buffer.alloc(2 ** 20, 1), 10)'
  const args = ['run', '--', 'node', '-e', work]
  const child = spawn('superslab', args, { cwd: place, env })
  await once(child.stdout, 'data')
  return child
}

if (installed && process.platform === 'linux')
  test('the commands of the documentation work from the installed package', async (t) => {
    t.timeout(900_000)
    const place = mkdtempSync(path.join(installed, 'commands-'))
    t.teardown(() => rmSync(place, { recursive: true }))
    for (const [name, text] of Object.entries(programs)) writeFileSync(path.join(place, name), text)
    mkdirSync(path.join(place, 'docs/benchmarks'), { recursive: true })
    mkdirSync(path.join(place, 'distributions'))
    writeFileSync(path.join(place, 'distributions/0.csv'), profile)
    const folders = [
      path.dirname(node),
      path.join(installed, 'node_modules/.bin'),
      process.env.PATH,
    ]
    const PORT = String(await freePort())
    const base = plainEnvironment({ PATH: folders.join(':'), PORT })
    const served = await startServed(place, base)
    t.teardown(() => served.kill())
    const env = { ...base, SERVED: String(served.pid) }
    const succeeds = async (line: string) => {
      const more = line.includes('--port') ? { LISTEN: '1' } : {}
      const options = { cwd: place, env: { ...env, ...more } }
      const running = promisify(execFile)('sh', ['-c', line], options)
      running.child.stdin?.end() // a debugger would wait for its next command
      const { stdout, stderr, code } = await running.catch((error) => error)
      t.is(code, undefined, `${line}: ${stderr}`)
      const promised = promises.find(([pattern]) => pattern.test(line))?.[1] ?? /^/
      t.regex(stdout + stderr, promised, line)
      const file = line.match(/--(?:html|csv|resume) (\S+)|--outfile=(\S+)/)
      const written = file && path.join(place, file[1] ?? file[2] ?? '')
      if (written) t.true(existsSync(written), line)
      const page = line.match(/bench all.*--html (\S+)/)?.[1]
      if (page) t.regex(readFileSync(path.join(place, page), 'utf8'), /Routes/)
    }
    const lines = all.filter((line) => !notHere.some(([pattern]) => pattern.test(line)))
    // Recordings first: other commands read them.
    const records = (line: string) => (/\brun --record file\.rec\b/.test(line) ? 0 : 1)
    const short = [...new Set(lines.map(shortened))].toSorted(
      (one, other) => records(one) - records(other),
    )
    const long = Promise.all(short.filter(isLong).map(succeeds))
    for (const line of short.filter((one) => !isLong(one))) await succeeds(line)
    await long
  })
