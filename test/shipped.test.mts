// Tests the packed and installed package. The list of files is always checked. The other tests need an installation, which
// `npm run test:package` and `test:matrix` make and name in TEST_PACKAGE, TEST_TARBALL and TEST_NODE.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { plainEnvironment } from './support/cli.mjs'

const run = promisify(execFile)

test('the tarball has exactly the files it needs', async (t) => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'])
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
  const names = files.map((one) => one.path)
  for (const needed of [
    ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'CMakeLists.txt'],
    ...['native/include/superslab.h', 'native/include/superslab_node.h', 'native/sources.json'],
    'native/gdb/superslab.py',
    ...['dist/index.js', 'dist/index.mjs', 'dist/index.d.ts', 'dist/cli/main.js'],
    ...['scripts/build-native.mjs'],
  ])
    t.true(names.includes(needed), needed)
  const folders = new Set(
    names.filter((name) => name.includes('/')).map((name) => name.split('/')[0]),
  )
  t.deepEqual([...folders].filter((name) => name !== 'prebuilds').toSorted(), [
    'cmake',
    'dist',
    'docs',
    'examples',
    'native',
    'scripts',
  ])
  t.deepEqual(
    names.filter((name) => /^native\/test\/|node_modules|package-lock/.test(name)),
    [],
  )
  // Because of it some package managers would run node-gyp.
  t.false(names.includes('binding.gyp'))
})

test('without all binaries npm pack fails and says what to do', async (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'superslab-pack-'))
  t.teardown(() => rmSync(place, { recursive: true }))
  for (const name of ['package.json', 'README.md', 'scripts'])
    cpSync(name, path.join(place, name), { recursive: true })
  const pack = async () => {
    const { stderr, code } = await run('npm', ['pack'], { cwd: place }).catch((error) => error)
    return { stderr: stderr as string, code: (code as number | undefined) ?? 0 }
  }
  const none = await pack()
  t.is(none.code, 1)
  t.regex(none.stderr, /^superslab cannot be packed: .*npm run build:prebuilds/m)
  t.notRegex(none.stderr, /^ +at /m)

  const folder = path.join(place, 'prebuilds/linux-x64')
  mkdirSync(folder, { recursive: true })
  const all = [
    'superslab.glibc.node',
    'superslab_tls_dynamic.glibc.node',
    'libsuperslab.glibc.so',
    'libsuperslab-hardened.glibc.so',
    'libsuperslab-hardened2.glibc.so',
  ].concat('superslab-bench.glibc', 'superslab-bench-trace.glibc')
  for (const name of all.slice(0, -1)) writeFileSync(path.join(folder, name), '')
  const half = await pack()
  t.is(half.code, 1)
  t.regex(half.stderr, /^superslab cannot be packed: .*\/superslab-bench-trace\.glibc missing/m)

  writeFileSync(path.join(folder, 'superslab-bench-trace.glibc'), '')
  t.regex((await pack()).stderr, /^superslab cannot be packed: .*npm run build`/m)
  t.deepEqual(
    readdirSync(place).filter((name) => name.endsWith('.tgz')),
    [],
  )
  mkdirSync(path.join(place, 'dist'))
  writeFileSync(path.join(place, 'dist/index.js'), '')
  t.is((await pack()).code, 0)
})

const installed = process.env.TEST_PACKAGE
const tarball = process.env.TEST_TARBALL ?? ''
const node = process.env.TEST_NODE ?? process.execPath

/** A test of the installed package. */
function packageTest(title: string, body: (t: ExecutionContext, folder: string) => Promise<void>) {
  if (installed) test(title, (t) => body(t, installed))
}

/** A PATH in which npm, npx and every script find the tested Node first. */
function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const PATH = `${path.dirname(node)}${path.delimiter}${process.env.PATH}`
  return plainEnvironment({ ...more, PATH })
}

/** Standard output of a program on the tested Node. */
async function output(cwd: string, args: string[], more: Record<string, string> = {}) {
  return (await run(node, args, { cwd, env: environment(more) })).stdout.trim()
}

async function superslab(cwd: string, ...args: string[]) {
  const { stdout } = await run('npx', ['--no-install', 'superslab', ...args], {
    cwd,
    env: environment(),
  })
  return stdout.trim()
}

/** A folder beside node_modules, as for a user's program. */
function folderIn(t: ExecutionContext, parent: string, name: string): string {
  const place = mkdtempSync(path.join(parent, `${name}-`))
  t.teardown(() => rmSync(place, { recursive: true, force: true }))
  return place
}

function example(t: ExecutionContext, parent: string, name: string): string {
  const place = folderIn(t, parent, name)
  cpSync(path.join('examples', name), place, { recursive: true })
  return place
}

packageTest('require and import load the shipped addon', async (t, folder) => {
  const show = 'console.log(info().file, active, alloc(100).length)'
  const required = await output(folder, [
    '-e',
    `const { active, alloc, info } = require('superslab'); ${show}`,
  ])
  const imported = await output(folder, [
    '--input-type=module',
    '-e',
    `import { active, alloc, info } from 'superslab'; import { heap } from 'superslab/raw'
     import { prometheusText } from 'superslab/metrics'
     heap.free(heap.malloc(10)); if (!prometheusText().includes('superslab_live_bytes')) throw 1; ${show}`,
  ])
  t.is(required, imported)
  t.regex(required, /\/node_modules\/superslab\/prebuilds\/\S+\/superslab(\.\w+)?\.node false 100$/)
})

packageTest('no dependency runs a script at install', async (t, folder) => {
  const lock = JSON.parse(
    readFileSync(path.join(folder, 'node_modules', '.package-lock.json'), 'utf8'),
  )
  const own = lock.packages['node_modules/superslab']
  t.false('hasInstallScript' in own)
  const seen = new Set<string>()
  const visit = (name: string) => {
    if (seen.has(name)) return
    seen.add(name)
    const entry = lock.packages[`node_modules/${name}`]
    t.false('hasInstallScript' in entry, name)
    for (const next of Object.keys(entry.dependencies ?? {})) visit(next)
  }
  visit('superslab')
  t.true(seen.has('commander'))
})

packageTest('strict TypeScript takes its types, in both module systems', async (t, folder) => {
  const place = folderIn(t, folder, 'types')
  const program = `
import { alloc, free, type Inspection, inspect, Pool, Scope, stats, SuperslabError } from 'superslab'
import { heap } from 'superslab/raw'
import { collectMetrics, prometheusText } from 'superslab/metrics'
const buffer: Buffer = alloc(10)
free(buffer)
const seen: Inspection = inspect(1n)
const bytes: number = stats().heap.liveBytes
const pool: Pool = new Pool(100)
{
  using scope = new Scope()
  scope.alloc(10)
}
const offset: number = heap.malloc(10)
export { bytes, collectMetrics, offset, pool, prometheusText, seen, SuperslabError }
// @ts-expect-error a size is a number
alloc('10')
`
  for (const name of ['one.mts', 'two.cts']) writeFileSync(path.join(place, name), program)
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ module: 'nodenext', target: 'es2023', lib: ['es2023', 'esnext.disposable'] },
    ...{ skipLibCheck: false, noEmit: true, types: ['node'] },
    typeRoots: [path.resolve('node_modules/@types')],
  }
  writeFileSync(path.join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  const tsc = path.resolve('node_modules/typescript/bin/tsc')
  await t.notThrowsAsync(run(process.execPath, [tsc, '--project', place]))
})

packageTest('the commands of the installed package work', async (t, folder) => {
  const library = await superslab(folder, 'path')
  t.regex(library, /\/node_modules\/superslab\/prebuilds\//)
  t.true(readdirSync(await superslab(folder, 'include')).includes('superslab_node.h'))
  t.regex(await superslab(folder, 'env'), /^ENV LD_PRELOAD=/m)
  const active = `console.log(require('superslab').active, require('superslab').info().file)`
  t.is(await superslab(folder, 'run', '--', 'node', '-e', active), `true ${realpathSync(library)}`)
  t.regex(await superslab(folder, 'status'), /./)
  const csv = path.join(folderIn(t, folder, 'bench'), 'bench.csv')
  const small = ['--ops', '20000', '--runs', '5', '--csv', csv]
  t.regex(await superslab(folder, 'bench', 'random-mixed', ...small), /random-mixed/)
  t.regex(readFileSync(csv, 'utf8'), /random-mixed/)
  const doctored = await superslab(
    folder,
    'doctor',
    '--runs',
    '1',
    '--settle',
    '1',
    '--',
    'node',
    '-e',
    'setTimeout(() => {}, 5000)',
  )
  t.regex(doctored, /^superslab +\d+(\.\d)? MiB/m)
})

packageTest(
  'superslab status of the installed package reads a served process',
  async (t, folder) => {
    const command = path.join(folder, 'node_modules/.bin/superslab')
    const args = ['run', '--', 'node', '-e', 'console.log("up"); setInterval(() => {}, 1000)']
    const child = spawn(command, args, { cwd: folder, env: environment() })
    t.teardown(() => child.kill())
    await once(child.stdout, 'data')
    t.regex(await superslab(folder, 'status', String(child.pid)), /live/)
  },
)

for (const [name, config] of Object.entries({
  esbuild: `require('esbuild').buildSync({ entryPoints: ['entry.js'], bundle: true, platform: 'node',
    external: ['superslab'], outfile: 'out/bundle.js' })`,
  webpack: `require('webpack')({ mode: 'production', target: 'node', context: __dirname, entry: './entry.js',
    externals: { superslab: 'commonjs superslab' }, output: { path: __dirname + '/out', filename: 'bundle.js' } },
    (error, stats) => { if (error || stats.hasErrors()) throw error ?? new Error(stats.toString()) })`,
}))
  packageTest(`a bundle of ${name} with the package external works`, async (t, folder) => {
    const place = folderIn(t, folder, name)
    const entry = `const { alloc, free } = require('superslab'); free(alloc(10)); console.log('bundled')`
    writeFileSync(path.join(place, 'entry.js'), entry)
    writeFileSync(path.join(place, 'build.js'), config)
    await output(place, ['build.js'])
    t.is(await output(place, ['out/bundle.js']), 'bundled')
  })

// ---- the README's three doors ----

const readme = readFileSync('README.md', 'utf8')
const blockOf = (language: string) =>
  readme.match(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``))?.[1] ?? ''

packageTest('README: its program of Buffers prints what it says', async (t, folder) => {
  const place = folderIn(t, folder, 'readme')
  const program = blockOf('js')
  writeFileSync(path.join(place, 'program.mjs'), program)
  const promised = [...program.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, text]) => text)
  t.is(promised.length, 3)
  t.deepEqual((await output(place, ['program.mjs'])).split('\n'), promised)
})

packageTest('README: its addon gets the allocator of the process', async (t, folder) => {
  const place = folderIn(t, folder, 'readme')
  const include = await superslab(place, 'include')
  const headers = path.resolve('node_modules/node-api-headers/include')
  writeFileSync(path.join(place, 'example.c'), blockOf('c'))
  const flags = ['-shared', '-fPIC', '-DNAPI_VERSION=8', '-Wall', '-Wextra', '-Werror']
  const target = path.join(place, 'example.node')
  await run('cc', [
    ...[...flags, '-Wno-unused-parameter', '-I', include, '-I', headers],
    ...['-o', target, path.join(place, 'example.c')],
  ])
  const use = `const { stats } = require('superslab'); require('./example.node')
    console.log(stats().liveBlocks)`
  t.is(await output(place, ['-e', use]), '0')
  t.is(
    await superslab(
      place,
      'run',
      '--',
      'node',
      '-e',
      `${use.split(';')[0]}; ${'require("./example.node")'}; console.log('loaded')`,
    ),
    'loaded',
  )
})

// ---- the examples ----

/** Starts a server that prints its port. */
async function server(t: ExecutionContext, file: string, args: string[], cwd: string) {
  const child = spawn(file, args, { cwd, env: environment({ PORT: '0' }) })
  t.teardown(() => child.kill())
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk
    })
  while (!/listening on \d+/.test(text)) {
    if (child.exitCode !== null) throw new Error(text)
    await delay(20)
  }
  const port = Number(text.match(/listening on (\d+)/)?.[1])
  const end = async () => {
    child.kill()
    await once(child, 'close')
    return text
  }
  return { port, end }
}

packageTest('example: a TCP server answers, and keeps no memory', async (t, folder) => {
  const place = example(t, folder, 'tcp-server')
  const { port, end } = await server(t, node, ['server.mjs'], place)
  const texts = ['superslab', 'x'.repeat(200_000), '']
  const socket = connect(port, '127.0.0.1')
  const request = Buffer.concat(
    texts.flatMap((text) => {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(text.length)
      return [head, Buffer.from(text)]
    }),
  )
  // In two pieces, the first of which ends within a length.
  socket.write(request.subarray(0, 2))
  await delay(20)
  socket.write(request.subarray(2))
  const expected = request.toString('latin1').toUpperCase()
  let received = ''
  for await (const chunk of socket) {
    received += chunk.toString('latin1')
    if (received.length >= expected.length) break
  }
  t.is(received.toUpperCase(), expected)
  t.true(received.includes('SUPERSLAB'))
  t.regex(await end(), /blocks left: 0/)
})

packageTest('example: frames pass through a pool of workers', async (t, folder) => {
  const place = example(t, folder, 'worker-frames')
  t.is(await output(place, ['main.mjs', '40']), 'frames: 40, brightest: 89, blocks left: 0')
})

packageTest('example: an addon in C shares the heap', async (t, folder) => {
  const place = example(t, folder, 'native-addon')
  const include = await superslab(place, 'include')
  const headers = path.resolve('node_modules/node-api-headers/include')
  const target = path.join(place, 'build/Release')
  mkdirSync(target, { recursive: true })
  const flags = ['-shared', '-fPIC', '-DNAPI_VERSION=8', '-Wall', '-Wextra', '-Werror']
  await run('cc', [
    ...[...flags, '-I', include, '-I', headers, '-o', path.join(target, 'histogram.node')],
    path.join(place, 'histogram.c'),
  ])
  const expected = ['s: 2 x: 0', 'live blocks: 1', 'live blocks: 0', 'after free: double free']
  t.deepEqual((await output(place, ['main.js'])).split('\n'), expected)
  const alone = await run(
    node,
    ['-e', "require('./build/Release/histogram.node').count(Buffer.alloc(1))"],
    {
      cwd: place,
    },
  ).catch((error) => error)
  t.regex(alone.stderr, /ERR_SUPERSLAB_LOAD_FAILED/)
  const served = await superslab(place, 'run', '--', 'node', 'main.js')
  t.regex(served, /^s: 2 x: 0\n/)
})

packageTest('example: its binding.gyp finds the header', async (t, folder) => {
  const place = example(t, folder, 'native-addon')
  const text = readFileSync(path.join(place, 'binding.gyp'), 'utf8')
  const command = text.match(/"<!\((.*)\)"/)?.[1] ?? ''
  const { stdout } = await run('sh', ['-c', command], { cwd: place, env: environment() })
  t.is(stdout.trim(), path.join(realpathSync(folder), 'node_modules/superslab/native/include'))
})

packageTest('example: an Express app is served', async (t, folder) => {
  const place = example(t, folder, 'express')
  const { start } = JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8')).scripts
  const [, ...args] = start.split(' ')
  const command = path.join(folder, 'node_modules/.bin/superslab')
  const { port, end } = await server(t, command, args, place)
  const get = (name: string) => fetch(`http://127.0.0.1:${port}/${name}`)
  t.is((await (await get('health')).json()).active, true)
  t.regex(await (await get('metrics')).text(), /^superslab_live_bytes \d+$/m)
  t.regex(await (await get('report')).text(), /^a line of a report\n/)
  await end()
})

packageTest('example: the Dockerfile passes a linter, and its commands work', async (t, folder) => {
  const place = folderIn(t, folder, 'image')
  const source = path.resolve('examples/express')
  const lint = path.join(folder, 'node_modules/.bin/dockerfilelint')
  const { stdout } = await run(process.execPath, [
    realpathSync(lint),
    path.join(source, 'Dockerfile'),
  ])
  t.regex(stdout, /Issues: None found/)

  // The tarball stands for the package from the registry.
  const context = folderIn(t, folder, 'context')
  cpSync(source, context, { recursive: true })
  const manifest = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'))
  manifest.dependencies.superslab = `file:${tarball}`
  writeFileSync(path.join(context, 'package.json'), JSON.stringify(manifest))
  await run('npm', ['install', '--package-lock-only'], { cwd: context, env: environment() })

  const instructions = readFileSync(path.join(context, 'Dockerfile'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/ (.*)/s) as [string, string])
  let command: string[] = []
  for (const [name, rest] of instructions)
    if (name === 'COPY') {
      for (const file of rest.split(' ').slice(0, -1))
        cpSync(path.join(context, file), path.join(place, file))
    } else if (name === 'RUN') await run('sh', ['-c', rest], { cwd: place, env: environment() })
    else if (name === 'CMD') command = JSON.parse(rest)
    else t.true(['FROM', 'WORKDIR', 'ENV', 'USER', 'EXPOSE'].includes(name), name)
  const [file = '', ...args] = command
  const { port, end } = await server(t, path.join(place, file), args, place)
  t.is((await (await fetch(`http://127.0.0.1:${port}/health`)).json()).active, true)
  await end()
})
