import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { SuperslabError } from 'superslab'
import { addonFile, isTlsSpent, load } from '#dist/load'

const built = path.resolve('build/Release')

function temporary(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-load-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

function failure(t: ExecutionContext, root: string): SuperslabError | undefined {
  const error = t.throws(() => load(root), { instanceOf: SuperslabError })
  t.is(error?.code, 'ERR_SUPERSLAB_LOAD_FAILED')
  return error
}

test('without a build, the error names the paths tried and what to do', (t) => {
  const root = temporary(t)
  const message = failure(t, root)?.message ?? ''
  const platform = `${process.platform}-${process.arch}`
  t.true(message.includes(platform))
  t.true(message.includes(path.join(root, 'build', 'Release')))
  t.true(message.includes(path.join(root, 'prebuilds', platform)))
  t.true(message.includes('npm run build'))
})

test('the error for a file that is no addon names it, with the reason', (t) => {
  const root = temporary(t)
  const file = path.join(root, 'build', 'Release', 'superslab.node')
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, 'not a library')
  const error = failure(t, root)
  t.true(error?.message.includes(`Tried:\n  ${file}`))
  t.truthy(error?.cause)
})

/** The result of a function with some environment variables set. */
function under<Result>(variables: Record<string, string>, body: () => Result): Result {
  const before = { ...process.env }
  Object.assign(process.env, variables)
  try {
    return body()
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

test('a local build comes before the shipped one, unless PREBUILDS_ONLY is set', (t) => {
  const root = temporary(t)
  const folder = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`)
  const names = process.platform === 'linux' ? ['superslab.glibc', 'superslab.musl'] : ['superslab']
  const shipped = names.map((name) => path.join(folder, `${name}.node`))
  const own = path.join(root, 'build', 'Release', 'superslab.node')
  for (const file of [...shipped, own]) {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, '')
  }
  t.is(addonFile(root), own)
  const shippedFor = (LIBC: string) => under({ PREBUILDS_ONLY: '1', LIBC }, () => addonFile(root))
  t.deepEqual(
    names.map((name) => shippedFor(name.split('.')[1] ?? '')),
    shipped,
  )
  rmSync(own)
  t.true(shipped.includes(addonFile(root)))
})

test('an addon by the name that prebuildify gives it for Node-API is found too', (t) => {
  const root = temporary(t)
  const folder = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`)
  mkdirSync(folder, { recursive: true })
  const named = path.join(folder, 'node.napi.node')
  copyFileSync(path.join(built, 'superslab.node'), named)
  t.is(addonFile(root), named)
})

test('the next require tries a failed load again', async (t) => {
  const program = `
    Object.assign(process.env, { PREBUILDS_ONLY: '1', npm_config_arch: 'none' })
    Object.defineProperty(process, 'arch', { value: 'none' })
    let code
    try { require('superslab') } catch (error) { code = error.code }
    delete process.env.PREBUILDS_ONLY
    console.log(code, require('superslab').alloc(10).length)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', program])
  t.is(stdout, 'ERR_SUPERSLAB_LOAD_FAILED 10\n')
})

test('only spent thread-local storage makes the other build load', (t) => {
  t.true(isTlsSpent(new Error('x.node: cannot allocate memory in static TLS block')))
  const musl =
    'Error relocating x.node: y: initial-exec TLS resolves to dynamic definition in x.node'
  t.true(isTlsSpent(new Error(musl)))
  t.false(isTlsSpent(new Error('x.node: file too short')))
  t.false(isTlsSpent('static TLS'))
})

/** A library that takes `bytes` of the reserve for thread-local storage and never gives them back. */
function tlsLibrary(folder: string, bytes: number): string {
  const [source, library] = ['c', 'node'].map((type) => path.join(folder, `tls-${bytes}.${type}`))
  const model = '__attribute__((tls_model("initial-exec")))'
  writeFileSync(
    source ?? '',
    `__thread char taken[${bytes}] ${model};\nchar *use(void) { return taken; }\n`,
  )
  const args = ['-shared', '-fPIC', '-Wl,-z,nodelete', '-o', library ?? '', source ?? '']
  execFileSync(process.env.CC ?? 'cc', args)
  return library ?? ''
}

/** Spends the reserve down to the last bytes, then loads the folder's package and prints which build works. */
const spend = `
const { copyFileSync } = require('node:fs')
const [loader, root, ...libraries] = process.argv.slice(1)
for (const library of libraries)
  for (let i = 0; ; i++) {
    const copy = library + '.' + i + '.node'
    copyFileSync(library, copy)
    try {
      process.dlopen({ exports: {} }, copy)
    } catch (error) {
      if (error.message.includes('static TLS')) break
    }
  }
const addon = require(loader).load(root)
const block = addon.malloc(100)
const loaded = Object.keys(require.cache).concat(process.report.getReport().sharedObjects)
const file = loaded.findLast((name) => /superslab(_tls_dynamic)?\\.node$/.test(name))
console.log(JSON.stringify({ file, freed: addon.free(block), again: addon.free(block) }))
`

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('the other build loads when the reserve of thread-local storage is spent', async (t) => {
  const folder = temporary(t)
  const release = path.join(folder, 'build', 'Release')
  mkdirSync(release, { recursive: true })
  for (const name of ['superslab.node', 'superslab_tls_dynamic.node'])
    copyFileSync(path.join(built, name), path.join(release, name))
  const libraries = [256, 16].map((bytes) => tlsLibrary(folder, bytes))
  const args = ['--eval', spend, path.resolve('dist/load.js'), folder, ...libraries]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { file, freed, again } = JSON.parse(stdout)
  t.is(path.basename(file), 'superslab_tls_dynamic.node')
  t.is(freed, 0)
  t.is(again, -1)
})

/** The message of a load under flags of Node that forbid it. */
async function loadUnder(...flags: string[]): Promise<string> {
  const program = `
    try { require(${JSON.stringify(path.resolve('dist/index.js'))}); console.log('loaded') }
    catch (error) { console.log(error.code, error.message) }`
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--eval', program])
  return stdout
}

test('the error names a flag of Node that forbids addons, not the compiler', async (t) => {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const root = path.resolve('.')
  const read = '--allow-fs-read=*'
  const cases: [string[], RegExp][] = [
    [['--no-addons'], /without --no-addons/],
    [[permission, read], /with --allow-addons/],
    [
      [permission, `--allow-fs-read=${root}/dist/`, `--allow-fs-read=${root}/package.json`],
      /with --allow-fs-read=/,
    ],
  ]
  for (const [flags, named] of cases) {
    const message = await loadUnder(...flags)
    t.regex(message, /^ERR_SUPERSLAB_LOAD_FAILED /, flags.join(' '))
    t.regex(message, named)
    t.notRegex(message, /CMake/)
  }
  t.is(await loadUnder(permission, read, '--allow-addons'), 'loaded\n')
})
