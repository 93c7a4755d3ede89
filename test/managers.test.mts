// Installs the tarball with each package manager, which comes from the registry into a temporary folder. The package
// builds nothing at install, although scripts are allowed, and works. `npm run test:package` names the tarball in
// TEST_TARBALL. Without the registry the tests are skipped; in continuous integration they fail.
import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { plainEnvironment } from './support/cli.mjs'

const tarball = process.env.TEST_TARBALL
const node = process.env.TEST_NODE ?? process.execPath
const isGlibc = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header

interface Manager {
  /** Its name in the registry. */
  spec: string
  /** Its program within its package; npm is the installed one. */
  program: string
  add: string[]
  /** The words before a command of an installed package, and before a program for Node. */
  exec: string[]
  node?: string[]
  /** The first release of Node that it runs on, if newer than the package's. */
  since?: [number, number]
  files?: Record<string, string>
}

const pnpm = { add: ['add'], exec: ['exec'] }
/** For pnpm 10 and later; older ones take it for a list of workspaces. */
const allBuilds = { 'pnpm-workspace.yaml': 'dangerouslyAllowAllBuilds: true\n' }
const yarn4 = {
  ...{ spec: '@yarnpkg/cli-dist@4', program: 'bin/yarn.js', add: ['add'] },
  ...{ exec: ['exec'], node: ['node'] },
}
const bunPackage = `@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`

function yarnrc(linker: string, scripts: boolean): Record<string, string> {
  const lines = [
    `nodeLinker: ${linker}`,
    `enableScripts: ${scripts}`,
    'enableTelemetry: false',
    'enableImmutableInstalls: false',
  ]
  return { '.yarnrc.yml': `${lines.join('\n')}\n`, 'yarn.lock': '' }
}

const managers: Record<string, Manager> = {
  npm: { spec: 'npm@11', program: 'bin/npm-cli.js', add: ['install'], exec: ['exec', '--'] },
  'pnpm 8': { ...pnpm, spec: 'pnpm@8', program: 'bin/pnpm.cjs' },
  'pnpm 9': { ...pnpm, spec: 'pnpm@9', program: 'bin/pnpm.cjs' },
  'pnpm 10': { ...pnpm, spec: 'pnpm@10', program: 'bin/pnpm.cjs', files: allBuilds },
  'pnpm 11': {
    ...{ ...pnpm, spec: 'pnpm@11', program: 'bin/pnpm.mjs', files: allBuilds },
    since: [22, 13],
  },
  'pnpm 12': { ...pnpm, spec: 'pnpm@12', program: 'bin/pnpm.mjs', files: allBuilds },
  'yarn 1': { spec: 'yarn@1', program: 'bin/yarn.js', add: ['add'], exec: ['--silent', 'run'] },
  'yarn 4, PnP': { ...yarn4, files: yarnrc('pnp', false) },
  'yarn 4, PnP and scripts': { ...yarn4, files: yarnrc('pnp', true) },
  'yarn 4, node-modules': { ...yarn4, files: yarnrc('node-modules', false) },
  'yarn 4, node-modules and scripts': { ...yarn4, files: yarnrc('node-modules', true) },
  bun: { spec: `${bunPackage}@1`, program: 'bin/bun', add: ['add', '--trust'], exec: ['x'] },
}

function alias(spec: string): string {
  return spec.replace(/[@/]+/g, '-').replace(/^-/, '')
}

test('the managers that the documentation names are those that are tested', (t) => {
  const text = readFileSync('docs/platforms.md', 'utf8')
  const named = text.match(/^Package managers: (.*)\.$/m)?.[1]?.split('; ')
  t.deepEqual(named, Object.keys(managers))
})

const temporary = realpathSync(mkdtempSync(path.join(tmpdir(), 'superslab-managers-')))
/** Caches of their own, since some managers take a tarball of the same version from the user's cache. */
const home = path.join(temporary, 'home')
const programs = path.join(temporary, 'programs')

async function run(file: string, args: string[], cwd: string, more: Record<string, string> = {}) {
  // npm passes its settings to scripts by variables that other managers read.
  const kept = Object.entries(plainEnvironment()).filter(
    ([name]) => !/^(npm_(?!config_registry)|INIT_CWD|NODE_OPTIONS|XDG_)/i.test(name),
  )
  const PATH = `${path.dirname(node)}${path.delimiter}${process.env.PATH}`
  const env = { ...Object.fromEntries(kept), PATH, HOME: home, ...more }
  const { stdout, stderr } = await promisify(execFile)(file, args, { cwd, env, maxBuffer: 1 << 26 })
  return { stdout: stdout.trim(), stderr }
}

/** The reason why no package can be installed here, if any. */
let unreachable: string | undefined

const networkErrors =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/

if (tarball)
  test.before('the managers come from the registry', async (t) => {
    t.timeout(300_000)
    mkdirSync(home)
    mkdirSync(programs)
    const settings = path.join(homedir(), '.npmrc')
    if (existsSync(settings)) copyFileSync(settings, path.join(home, '.npmrc'))
    writeFileSync(path.join(programs, 'package.json'), '{ "private": true }\n')
    const specs = new Set(Object.values(managers).map(({ spec }) => spec))
    const aliased = [...specs].map((spec) => `${alias(spec)}@npm:${spec}`)
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--force']
    try {
      const cache = { npm_config_cache: path.join(homedir(), '.npm') }
      await run('npm', ['install', ...flags, ...aliased], programs, cache)
    } catch (error) {
      const { stderr } = error as { stderr: string }
      if (process.env.CI || !networkErrors.test(stderr)) throw error
      unreachable = stderr.match(networkErrors)?.[0]
      t.log(`the registry cannot be reached: ${unreachable}`)
    }
  })

test.after.always(() => {
  for (const one of existsSync(temporary) ? readdirSync(temporary) : [])
    rmSync(path.join(temporary, one), { recursive: true, force: true })
  rmSync(temporary, { recursive: true, force: true })
})

function managerTest(title: string, body: (t: ExecutionContext, tarball: string) => Promise<void>) {
  if (!tarball) return
  test.serial(title, async (t) => {
    t.timeout(300_000)
    if (unreachable) {
      t.log(`skipped: the registry cannot be reached (${unreachable})`)
      t.pass()
    } else await body(t, tarball)
  })
}

/** A Node that the manager runs on: this one, or on glibc one from the registry. */
async function nodeFor({ since }: Manager): Promise<string | undefined> {
  if (!since) return node
  const { stdout } = await run(node, ['-p', 'process.versions.node'], temporary)
  const [major = 0, minor = 0] = stdout.split('.').map(Number)
  if (major > since[0] || (major === since[0] && minor >= since[1])) return node
  if (process.platform !== 'linux' || !isGlibc) return undefined
  const { nodeRelease } = await import(path.resolve('scripts/nodes.mjs'))
  return nodeRelease(since[0])
}

interface Project {
  folder: string
  /** The manager with these arguments. */
  manage(args: string[]): Promise<{ stdout: string; stderr: string }>
}

/** An empty project for the manager; undefined if it does not run on this Node. */
async function project(manager: Manager, name = 'project-'): Promise<Project | undefined> {
  const runner = await nodeFor(manager)
  if (!runner) return undefined
  const folder = mkdtempSync(path.join(temporary, name))
  const manifest = { name: 'tried', private: true }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
  for (const [file, text] of Object.entries(manager.files ?? {}))
    writeFileSync(path.join(folder, file), text)
  writeFileSync(path.join(folder, 'check.cjs'), check)
  const program = path.join(programs, 'node_modules', alias(manager.spec), manager.program)
  const isNative = !/\.[cm]?js$/.test(program)
  return {
    folder,
    manage: (args) =>
      isNative ? run(program, args, folder) : run(runner, [program, ...args], folder),
  }
}

const check = `const { active, alloc, free, info } = require('superslab')
const { heap } = require('superslab/raw')
heap.free(heap.malloc(10))
free(alloc(100))
console.log(active, info().file)\n`

/** Uses the shipped addon directly and below the command. */
async function works(t: ExecutionContext, { exec, node: nodeOf }: Manager, tried: Project) {
  const { folder, manage } = tried
  const alone = nodeOf
    ? await manage([...nodeOf, 'check.cjs'])
    : await run(node, ['check.cjs'], folder)
  t.regex(alone.stdout, /^false \/.*\/prebuilds\/[\w-]+\/superslab(\.\w+)?\.node$/, alone.stderr)
  const served = await manage([...exec, 'superslab', 'run', '--', 'node', 'check.cjs'])
  t.regex(served.stdout, /^true \/.*\/libsuperslab[\w.-]*$/, served.stderr)
  const built = path.join(path.dirname(alone.stdout.replace('false ', '')), '../../build')
  t.false(existsSync(built), 'nothing was built')
}

for (const [name, manager] of Object.entries(managers))
  managerTest(`${name} installs a package that works`, async (t, file) => {
    const tried = await project(manager)
    if (!tried) {
      t.log(`skipped: ${name} needs Node ${manager.since?.join('.')}`)
      t.pass()
      return
    }
    const { stdout, stderr } = await tried.manage([...manager.add, `superslab@file:${file}`])
    t.notRegex(`${stdout}${stderr}`, /node-gyp rebuild|gyp ERR/)
    await works(t, manager, tried)
  })

// ---- other uses of a manager ----

const npmManager = managers.npm as Manager

managerTest(
  'the package works after npm ci without scripts, npm rebuild and npx',
  async (t, file) => {
    const tried = (await project(npmManager, 'blank ünd co-')) as Project
    await tried.manage(['install', `superslab@file:${file}`])
    for (const args of [['ci', '--ignore-scripts'], ['rebuild']]) {
      await tried.manage(args)
      await works(t, npmManager, tried)
    }
    const program = ['exec', '--yes', `--package=file:${file}`, '--', 'superslab', 'path']
    const elsewhere = (await project(npmManager)) as Project
    t.regex((await elsewhere.manage(program)).stdout, /\/prebuilds\/[\w-]+\/libsuperslab[\w.]*$/)
  },
)

managerTest('npm install --global gives the command', async (t, file) => {
  const tried = (await project(npmManager)) as Project
  const prefix = path.join(tried.folder, 'global')
  await tried.manage(['install', '--global', `--prefix=${prefix}`, `superslab@file:${file}`])
  const superslab = path.join(prefix, 'bin/superslab')
  const { stdout } = await run(superslab, ['run', '--', 'printenv', 'LD_PRELOAD'], tried.folder)
  t.regex(stdout, /\/global\/lib\/node_modules\/superslab\/prebuilds\//)
})

managerTest('the package works after pnpm rebuild', async (t, file) => {
  const manager = managers['pnpm 10'] as Manager
  const tried = (await project(manager, 'blank ünd co-')) as Project
  await tried.manage([...manager.add, `superslab@file:${file}`])
  await tried.manage(['rebuild'])
  await works(t, manager, tried)
})

managerTest('a read-only installation behind symbolic links works', async (t, file) => {
  const tried = (await project(npmManager)) as Project
  const { folder } = tried
  await tried.manage(['install', `superslab@file:${file}`])
  const [modules, store] = [path.join(folder, 'node_modules'), path.join(folder, 'store')]
  renameSync(modules, store)
  symlinkSync(store, modules)
  const link = path.join(folder, 'superslab')
  symlinkSync(path.join(modules, '.bin/superslab'), link)
  await run('chmod', ['-R', 'a-w', store], folder)
  t.teardown(() => run('chmod', ['-R', 'u+w', store], temporary))
  await works(t, npmManager, tried)
  const { stdout } = await run(link, ['run', '--', 'node', 'check.cjs'], folder)
  t.regex(stdout, /^true \//)
})
