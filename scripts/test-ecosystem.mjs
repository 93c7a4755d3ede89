// npm run test:ecosystem: the packed package with the tools that Node's programs are built, tested and shipped with. Each
// tool is installed into a folder of its own below build/ecosystem.
//
//   node scripts/test-ecosystem.mjs [--only jest,vite] [--tarball FILE]
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.mjs'
import { emptyProject, pack } from './pack.mjs'
import { npm, root } from './run.mjs'

const { values } = parseArgs({ options: { only: { type: 'string' }, tarball: { type: 'string' } } })

/** Uses the package, and prints `works`. */
const use = `const buffer = alloc(1000).fill(7)
if (buffer[999] !== 7) throw new Error('contents')
free(buffer)
console.log('works', stats().heap.liveBlocks)`
const commonjs = `const { alloc, free, stats } = require('superslab')\n${use}\n`
const esm = `import { alloc, free, stats } from 'superslab'\n${use}\n`

const typed = `import { alloc, asBuffer, free, type Inspection, inspect, Pool, Scope, stats, SuperslabError } from 'superslab'
import { heap } from 'superslab/raw'
import { collectMetrics, prometheusText } from 'superslab/metrics'
const buffer: Buffer = alloc(10)
free(buffer)
const seen: Inspection = inspect(1n)
const bytes: number = stats().heap.liveBytes
const pool: Pool = new Pool(100)
const length: number = Scope.run((scope) => scope.alloc(10).length)
const offset: number = heap.malloc(10)
export { asBuffer, bytes, collectMetrics, length, offset, pool, prometheusText, seen, SuperslabError }
// @ts-expect-error a size is a number
alloc('10')
`
const typesConfig = JSON.stringify({
  compilerOptions: {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ module: 'nodenext', target: 'es2022', lib: ['es2022', 'esnext.disposable'] },
    ...{ skipLibCheck: false, noEmit: true, types: ['node'] },
  },
})

const jestTest = `const { alloc, free } = require('superslab')
test('a Buffer outside of the heap', () => {
  const buffer = alloc(100).fill(1)
  expect(Buffer.isBuffer(buffer)).toBe(true)
  expect(buffer.equals(Buffer.alloc(100, 1))).toBe(true)
  free(buffer)
  expect(() => free(buffer)).toThrow(expect.objectContaining({ code: 'ERR_SUPERSLAB_DOUBLE_FREE' }))
})
`
const vitestTest = `import { expect, test } from 'vitest'
import { alloc, free } from 'superslab'
test('a Buffer outside of the heap', () => {
  const buffer = alloc(100).fill(1)
  expect(Buffer.isBuffer(buffer)).toBe(true)
  free(buffer)
  expect(() => free(buffer)).toThrow(expect.objectContaining({ code: 'ERR_SUPERSLAB_DOUBLE_FREE' }))
})
`

const node = process.execPath
const bin = (name) => path.join('node_modules', '.bin', name)
const worker = { 'a.test.mjs': vitestTest, 'b.test.mjs': vitestTest }
const types = (version, nodeTypes) => ({
  packages: [`typescript@${version}`, `@types/node@${nodeTypes}`],
  files: { 'one.mts': typed, 'two.cts': typed, 'tsconfig.json': typesConfig },
  commands: [[bin('tsc'), '--project', '.']],
})
const vitest = (pool) => ({
  packages: ['vitest'],
  files: worker,
  commands: [[bin('vitest'), 'run', `--pool=${pool}`]],
  prints: /2 passed/,
})

/** Each tool: what is installed, the files, the commands, and what the last one prints. */
const cases = {
  'typescript-5.4': types('5.4', '20'),
  'typescript-5.6': types('5.6', '20'),
  'typescript-5.9': types('5.9', '24'),
  'typescript-6': types('6', '24'),
  jest: {
    packages: ['jest'],
    files: {
      'one.test.js': jestTest,
      'two.test.js': jestTest,
      'jest.config.js': 'module.exports = {}',
    },
    commands: [[bin('jest'), '--maxWorkers=2']],
    prints: /2 passed/,
  },
  'vitest-forks': vitest('forks'),
  'vitest-threads': vitest('threads'),
  'vitest-vmThreads': vitest('vmThreads'),
  webpack: {
    packages: ['webpack'],
    files: {
      'entry.js': commonjs,
      'build.js': `require('webpack')({ mode: 'production', target: 'node', context: __dirname, entry: './entry.js',
        externals: { superslab: 'commonjs superslab' }, output: { path: __dirname + '/out', filename: 'bundle.js' } },
        (error, stats) => { if (error || stats.hasErrors()) throw error ?? new Error(stats.toString()) })`,
    },
    commands: [
      [node, 'build.js'],
      [node, 'out/bundle.js'],
    ],
  },
  rollup: {
    packages: ['rollup'],
    files: { 'entry.mjs': esm },
    commands: [
      [
        bin('rollup'),
        'entry.mjs',
        '--external',
        'superslab',
        '--format',
        'es',
        '--file',
        'out.mjs',
      ],
      [node, 'out.mjs'],
    ],
  },
  esbuild: {
    packages: ['esbuild'],
    files: { 'entry.mjs': esm },
    commands: [
      [
        ...[bin('esbuild'), 'entry.mjs', '--bundle', '--platform=node', '--external:superslab'],
        ...['--format=esm', '--outfile=out.mjs'],
      ],
      [node, 'out.mjs'],
    ],
  },
  'vite-ssr': {
    packages: ['vite'],
    files: { 'entry.mjs': esm },
    commands: [
      [bin('vite'), 'build', '--ssr', 'entry.mjs', '--outDir', 'out'],
      [node, 'out/entry.mjs'],
    ],
  },
  tsx: {
    packages: ['tsx'],
    files: { 'main.ts': `${esm}const typed: number = 1\nif (typed !== 1) throw typed\n` },
    commands: [[bin('tsx'), 'main.ts']],
  },
  'next-standalone': {
    packages: ['next', 'react@19', 'react-dom@19'],
    files: {
      'next.config.js': `module.exports = { output: 'standalone', outputFileTracingRoot: __dirname,
  serverExternalPackages: ['superslab'],
  outputFileTracingIncludes: { '/*': ['node_modules/superslab/prebuilds/**', 'node_modules/superslab/dist/**'] } }`,
      'pages/index.js': `export async function getServerSideProps() {
  const { alloc, free, stats } = require('superslab')
  const buffer = alloc(1000).fill(7)
  const sum = buffer.reduce((total, byte) => total + byte, 0)
  free(buffer)
  return { props: { text: 'works ' + stats().heap.liveBlocks + ' ' + sum } }
}
export default function Page({ text }) { return <p>{text}</p> }`,
      'get.mjs': `import { spawn } from 'node:child_process'
const env = { ...process.env, PORT: '34127', HOSTNAME: '127.0.0.1' }
const server = spawn(process.execPath, ['server.js'], { cwd: 'elsewhere', env, stdio: 'inherit' })
for (let i = 0; ; i++) {
  const answer = await fetch('http://127.0.0.1:34127/').then((one) => one.text(), () => undefined)
  if (answer) console.log(answer.match(/works 0 7000/)?.[0] ?? answer)
  if (answer || i > 100) break
  await new Promise((resolve) => setTimeout(resolve, 100))
}
server.kill()`,
    },
    commands: [
      [node, 'node_modules/next/dist/bin/next', 'build'],
      // The folder must work without the packages beside it.
      ['sh', '-c', 'cp -r .next/standalone elsewhere && mv node_modules hidden'],
      [node, 'get.mjs'],
      ['sh', '-c', 'mv hidden node_modules; echo works'],
    ],
    prints: /works/,
    third: /works 0 7000/,
  },
  'pnpm-workspace': {
    packages: [],
    files: {
      'pnpm-workspace.yaml': "packages: ['packages/*']\n",
      'packages/app/package.json': JSON.stringify({
        ...{ name: 'app', private: true },
        dependencies: { superslab: 'file:../../superslab.tgz', lib: 'workspace:*' },
      }),
      'packages/app/main.js': `require('lib'); ${commonjs}`,
      'packages/lib/package.json': JSON.stringify({
        ...{ name: 'lib', private: true, main: 'main.js' },
        dependencies: { superslab: 'file:../../superslab.tgz' },
      }),
      'packages/lib/main.js': `if (require('superslab').alloc(1).length !== 1) throw 1`,
    },
    commands: [
      [
        'npm',
        'exec',
        '--yes',
        '--package=pnpm@10',
        '--',
        'pnpm',
        'install',
        '--no-frozen-lockfile',
      ],
      [node, 'packages/app/main.js'],
    ],
    prints: /works 1/,
  },
  sea: {
    packages: ['postject'],
    files: {
      'main.js': `const load = require('node:module').createRequire(process.execPath)\n${commonjs.replace('require', 'load')}`,
      'sea.json': JSON.stringify({
        main: 'main.js',
        output: 'sea.blob',
        disableExperimentalSEAWarning: true,
      }),
    },
    commands: [
      [node, '--experimental-sea-config', 'sea.json'],
      ['sh', '-c', `cp ${node} program && chmod u+w program`],
      [
        ...[bin('postject'), 'program', 'NODE_SEA_BLOB', 'sea.blob'],
        ...['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'],
      ],
      ['./program'],
    ],
  },
  'build-snapshot': {
    packages: [],
    files: {
      // An addon cannot be in a snapshot: it is loaded when the program starts.
      'main.js': `const { createRequire } = require('node:module')
require('node:v8').startupSnapshot.setDeserializeMainFunction(() => {
  const load = createRequire(process.cwd() + '/')
  ${commonjs.replace('require', 'load')}
})`,
    },
    commands: [
      [node, '--snapshot-blob', 'snapshot.blob', '--build-snapshot', 'main.js'],
      [node, '--snapshot-blob', 'snapshot.blob'],
    ],
  },
}

function run(name, { packages, files, commands, prints = /works 0/, third }, tarball) {
  const place = path.join(folder, name)
  emptyProject(place)
  npm(
    [
      'install',
      '--ignore-scripts',
      '--silent',
      ...(name === 'pnpm-workspace' ? [] : [tarball]),
      ...packages,
    ],
    place,
  )
  if (name === 'pnpm-workspace') copyFileSync(tarball, path.join(place, 'superslab.tgz'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(place, file)), { recursive: true })
    writeFileSync(path.join(place, file), text)
  }
  let printed = ''
  for (const [i, [command, ...args]] of commands.entries()) {
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '' }
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: place,
      env,
      encoding: 'utf8',
    })
    printed = `${stdout}${stderr}`
    const isWrong = third && i === 2 && !third.test(printed)
    if (status !== 0 || isWrong)
      return `${[command, ...args].join(' ')}: ${error?.message ?? printed.slice(-1500)}`
  }
  const isTypes = name.startsWith('typescript')
  return isTypes || prints.test(printed)
    ? undefined
    : `the last command printed ${printed.slice(-1500)}`
}

if (!values.tarball) build()
const folder = path.join(root, 'build', 'ecosystem')
mkdirSync(folder, { recursive: true })
let tarball = values.tarball && path.resolve(values.tarball)
if (!tarball) {
  const packed = path.join(folder, 'packed')
  rmSync(packed, { recursive: true, force: true })
  mkdirSync(packed)
  tarball = pack(packed)
}
const names = values.only?.split(',') ?? Object.keys(cases)
const unknown = names.find((name) => !(name in cases))
if (unknown) throw new Error(`--only: ${unknown} is none of ${Object.keys(cases).join(', ')}`)
let failed = 0
for (const name of names) {
  const problem = run(name, cases[name], tarball)
  if (problem) failed++
  console.log(problem ? `✘ ${name}: ${problem}` : `✔ ${name}`)
}
console.log(`ecosystem: passed ${names.length - failed}, failed ${failed}`)
process.exitCode = failed > 0 ? 1 : 0
