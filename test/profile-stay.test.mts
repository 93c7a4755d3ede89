// `superslab run --profile` around programs that write their raw profile themselves: what this process does with it.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ended, main, plainEnvironment, run } from './support/cli.mjs'
import { folderOf, rawText, written } from './support/profiles.mjs'

const linuxTest = process.platform === 'linux' ? test : test.skip
const node = process.execPath

/** A script for sh that writes a raw profile where the environment says, or beside it. */
function writer(t: ExecutionContext, after = '', beside = '') {
  const folder = folderOf(t)
  const raw = written(
    folder,
    'made',
    rawText({ pid: 2 ** 22 + 1, stacks: ['1 0 1 9 1 9 0 0 : 123'] }),
  )
  const target = `\${SUPERSLAB_PROFILE%%,*}`
  const name = beside === '' ? target : `$(dirname "${target}")/${beside}`
  const script = `cp ${raw} "${name}.new"; mv "${name}.new" "${name}"; ${after}`
  return { folder, script }
}

linuxTest('the profile becomes the file that was asked for, and the raw one goes', async (t) => {
  for (const name of ['heap.html', 'heap.pb.gz', 'heap.heapprofile', 'heap.collapsed']) {
    const { folder, script } = writer(t)
    const { code, stderr } = await run([
      ...[`--profile=${folder}/${name}`, '--', 'sh', '-c', script],
    ])
    t.is(code, 0, stderr)
    t.is(stderr, `superslab: wrote ${folder}/${name}\n`)
    t.deepEqual(readdirSync(folder).toSorted(), [name, 'made'])
  }
})

linuxTest('without a name it is heap-profile.html in the current folder', async (t) => {
  const { folder, script } = writer(t)
  const { stderr } = await run(['--profile', '--', 'sh', '-c', script], { cwd: folder })
  t.true(existsSync(path.join(folder, 'heap-profile.html')), stderr)
})

linuxTest('a raw profile stays raw, and this process becomes the program', async (t) => {
  const { folder, script } = writer(t, 'echo $$')
  const { pid, stdout } = await run([`--profile=${folder}/heap.raw`, '--', 'sh', '-c', script])
  t.is(Number(stdout), pid)
  t.true(readFileSync(path.join(folder, 'heap.raw'), 'utf8').startsWith('superslab profile'))
})

linuxTest('other processes have files of their own, and older ones are removed', async (t) => {
  const { folder, script } = writer(t, '', 'heap.raw.77')
  written(folder, 'heap.raw.88', 'of an earlier run')
  written(folder, 'heap.raw.other', 'of another program')
  await run([`--profile=${folder}/heap.collapsed`, '--', 'sh', '-c', script])
  t.deepEqual(readdirSync(folder).toSorted(), ['heap.77.collapsed', 'heap.raw.other', 'made'])
})

linuxTest('a damaged profile is told and stays', async (t) => {
  const folder = folderOf(t)
  const script = `echo "superslab profile 1" > "\${SUPERSLAB_PROFILE%%,*}"; exit 3`
  const { code, stderr } = await run([`--profile=${folder}/heap.html`, '--', 'sh', '-c', script])
  t.is(code, 3)
  t.regex(stderr, /^superslab: .*heap\.raw is damaged/)
  t.deepEqual(readdirSync(folder), ['heap.raw'])
})

linuxTest('it ends as the program does, and hands on signals', async (t) => {
  const file = `${folderOf(t)}/heap.html`
  t.is((await run([`--profile=${file}`, '--', 'sh', '-c', 'exit 42'])).code, 42)
  t.is((await run([`--profile=${file}`, '--', 'sh', '-c', 'kill -KILL $$'])).signal, 'SIGKILL')
  const script =
    'trap "echo usr2" USR2; trap "echo term; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
  const child = spawn(node, [main, 'run', `--profile=${file}`, '--', 'sh', '-c', script], {
    ...{ stdio: ['ignore', 'pipe', 'inherit'], env: plainEnvironment() },
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
    if (String(chunk).includes('ready')) child.kill('SIGUSR2')
    if (String(chunk).includes('usr2')) child.kill('SIGTERM')
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  t.is(text, 'ready\nusr2\nterm\n')
  t.is(code, 5)
})

linuxTest('a profile that is written while the program runs is converted at once', async (t) => {
  const { folder, script } = writer(t)
  const wait = `while [ ! -e ${folder}/heap.html ]; do sleep 0.05; done; echo there`
  const { stdout } = await run([
    ...[`--profile=${folder}/heap.html`, '--', 'sh', '-c', `${script} ${wait}`],
  ])
  t.is(stdout, 'there\n')
})

linuxTest('what is asked for reaches the program, its own options of Node included', async (t) => {
  const folder = folderOf(t)
  const show = ['sh', '-c', 'echo "$SUPERSLAB_PROFILE"; echo "$NODE_OPTIONS"']
  const ask = async (...options: string[]) => {
    const env = plainEnvironment({ NODE_OPTIONS: '--stack-trace-limit=7' })
    const all = [`--profile=${folder}/heap.raw`, ...options, '--', ...show]
    return (await run(all, { cwd: folder, env })).stdout.split('\n')
  }
  const [setting, nodeOptions] = await ask()
  t.is(setting, `${folder}/heap.raw`)
  t.regex(
    nodeOptions ?? '',
    /^--stack-trace-limit=7 --perf-basic-prof --interpreted-frames-native-stack --require="\/.*apart\.js" --require="\/.*preloaded\.js"$/,
  )
  const [, exact] = await ask('--profile-exact')
  t.regex(exact ?? '', / --require="\/.*exact\.js" --require="\/.*preloaded\.js"$/)
  const [full, without] = await ask(
    ...['--profile-signal=hup', '--profile-minutes=2.5', '--profile-mean=64K', '--no-engine-map'],
  )
  t.is(full, `${folder}/heap.raw,mean=65536,signal=SIGHUP,every=150`)
  t.regex(without ?? '', /^--stack-trace-limit=7 --require="[^ ]*preloaded\.js"$/)
})

linuxTest(
  'a program has names without a log of the engine in its folder or its output',
  async (t) => {
    const folder = folderOf(t)
    const show = 'console.log(process.execArgv.join())'
    const { stdout } = await run([`--profile=${folder}/heap.raw`, '--', node, '-e', show], {
      cwd: folder,
    })
    t.regex(stdout, /^--logfile=.*heap\.v8\.log,--no-logfile-per-isolate,-e,.*\n$/)
    t.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('isolate')),
      [],
    )
  },
)

/** Root may write everywhere, unless it gives up that right. */
const plainRight =
  process.getuid?.() === 0
    ? ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override']
    : ['env']
const isThere = spawnSync(plainRight[0] as string, [...plainRight.slice(1), 'true']).status === 0
const plainRightTest = isThere ? linuxTest : test.skip

plainRightTest(
  'where the engine cannot write, the program runs without names, and that is said',
  async (t) => {
    const folder = folderOf(t)
    const closed = path.join(folder, 'closed')
    mkdirSync(closed)
    chmodSync(closed, 0o500)
    const [command = '', ...before] = plainRight
    const show = ['sh', '-c', 'echo "$NODE_OPTIONS"']
    const words = [...before, node, main, 'run', `--profile=${folder}/heap.raw`, '--', ...show]
    const { stdout, stderr } = await ended(command, words, { cwd: closed })
    t.notRegex(stdout, /perf-basic-prof/)
    t.regex(stderr, /^superslab: the profile will not name JavaScript functions: .*current folder/)
  },
)

linuxTest('what cannot be profiled is refused before the program starts', async (t) => {
  const folder = folderOf(t)
  for (const [option, message] of [
    ['--profile=node', /node does not end in \.html.*\(ERR_SUPERSLAB_PROFILE_FAILED\)/],
    ['--profile=/there/is/none/heap.html', /none is not a writable folder/],
    ['--profile=a.html --record=a.rec', /cannot be used together/],
    ['--profile-signal=KILL', /It must be SIGUSR1, SIGUSR2/],
    ['--profile-minutes=0', /It must be a number of minutes/],
    ['--profile-mean=1', /It must be 1K to 1024M/],
  ] as const) {
    const words = [...option.split(' '), '--', 'echo', 'started']
    const { code, stdout, stderr } = await run(words, { cwd: folder })
    t.is(code, 125, option)
    t.is(stdout, '')
    t.regex(stderr, message)
  }
})
