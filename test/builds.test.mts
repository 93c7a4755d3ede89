// The addon that is tested, built by CMake, and the one that is shipped, built by gyp, in both forms: the same sources
// with the same flags of the compiler and the linker, and the same symbols.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'

/** Targets of each form of the addon: gyp's and CMake's, those that link it first. */
const forms = [
  {
    gyp: ['superslab', 'seldom'],
    cmake: ['superslab-addon', 'superslab-tls-pointer-core', 'superslab-workloads'],
  },
  {
    gyp: ['superslab_tls_dynamic', 'seldom_tls_dynamic'],
    cmake: ['superslab-tls-dynamic', 'superslab-tls-dynamic-core', 'superslab-workloads'],
  },
]

/** What differs and changes nothing, with the reason. */
const others = [
  /^-D(NODE_GYP_MODULE_NAME|USING_\w+|V8_\w+|OPENSSL_\w+|BUILDING_NODE_EXTENSION)\b/, // for V8's headers
  /^-D(_GLIBCXX_USE_CXX11_ABI=1|__STDC_FORMAT_MACROS)$/, // what the compilers do anyway
  /^-D(NAPI_VERSION|NODE_ADDON_API_\w+)/, // gyp defines them for C files too, which read none
  /^-D\w+_EXPORTS$/, // CMake's, read by no file
  /^-DSUPERSLAB_BUILD_FLAGS=/, // compared apart
  /^-(m64|pthread)$/, // the compiler's default; CMake says it to the linker where one is needed
]

const cache = existsSync('build/native/CMakeCache.txt')
  ? readFileSync('build/native/CMakeCache.txt', 'utf8')
  : ''
const cached = (name: string) => cache.match(new RegExp(`^${name}:\\w+=(.*)$`, 'm'))?.[1] ?? ''
const env = { ...process.env, CC: cached('CMAKE_C_COMPILER'), CXX: cached('CMAKE_CXX_COMPILER') }

/** npm's own, which prebuildify runs. */
function nodeGyp(): string | undefined {
  const which = spawnSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).stdout.trim()
  const npm = process.env.npm_execpath ?? (which === '' ? '' : realpathSync(which))
  const file = path.join(npm, '../../node_modules/node-gyp/bin/node-gyp.js')
  return existsSync(file) ? file : undefined
}

/** A folder in which gyp has made its files, or why there is none. */
function configured(): { folder?: string; reason?: string } {
  const gyp = nodeGyp()
  if (process.platform !== 'linux') return { reason: 'not on Linux' }
  if (gyp === undefined) return { reason: 'no node-gyp beside npm' }
  if (cached('SUPERSLAB_CHECKED') !== 'OFF') return { reason: 'the build is a checked one' }
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-gyp-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['binding.gyp', 'package.json', 'native', 'scripts', 'node_modules'])
    symlinkSync(path.resolve(name), path.join(folder, name))
  // The headers that came with this Node, or those that node-gyp fetches.
  const own = path.join(path.dirname(realpathSync(process.execPath)), '..')
  const headers = existsSync(path.join(own, 'include/node/common.gypi')) ? ['--nodedir', own] : []
  const { status, stderr } = spawnSync(process.execPath, [gyp, 'configure', ...headers], {
    cwd: folder,
    encoding: 'utf8',
    env,
  })
  return status === 0
    ? { folder }
    : { reason: stderr.split('\n').find(Boolean) ?? 'node-gyp failed' }
}

function make(folder: string, args: string[]): string {
  const options = { encoding: 'utf8', env, maxBuffer: 1 << 28, stdio: 'pipe' } as const
  return execFileSync('make', ['-C', path.join(folder, 'build'), ...args], options)
}

/** The words of a command, without the shell's quotes. */
function words(command: string): string[] {
  return [...command.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/'([^']*)'/g, '$1').replace(/\\(.)/g, '$1'),
  )
}

type Commands = Map<string, Map<string, string[]>>

function add(commands: Commands, target: string, file: string, command: string) {
  const files = commands.get(target) ?? new Map<string, string[]>()
  commands.set(target, files.set(file, words(command)))
}

function gypCommands(folder: string): Commands {
  const commands: Commands = new Map()
  const line = /^\S+ -o Release\/obj\.target\/(\w+)\/\S+\.o \.\.\/(native\/\S+) (.*)$/gm
  for (const [, target = '', file = '', rest = ''] of make(folder, ['-n', 'V=1']).matchAll(line))
    add(commands, target, file, rest)
  return commands
}

function cmakeCommands(): Commands {
  const commands: Commands = new Map()
  const all = JSON.parse(readFileSync('build/native/compile_commands.json', 'utf8'))
  for (const { command, file } of all as { command: string; file: string }[])
    add(
      commands,
      command.match(/CMakeFiles\/([\w-]+)\.dir/)?.[1] ?? '',
      path.relative('.', file),
      command,
    )
  return commands
}

/** Of several that exclude each other the last one counts. */
function flags(all: string[]): string[] {
  const last = (start: RegExp) => all.filter((word) => start.test(word)).slice(-1)
  const kept = all.filter(
    (word) => /^-[fmWDU]|^-pthread$/.test(word) && !others.some((other) => other.test(word)),
  )
  // Which C++ it is Node's headers say: 17 or a later one.
  const standard = last(/^-std=/).map((word) => word.replace(/=(c|gnu)\+\+\d\w$/, '=C++'))
  return [...last(/^-O/), ...standard, ...new Set(kept)].sort()
}

function merged(commands: Commands, targets: string[]): Map<string, string[]> {
  const files = new Map(targets.flatMap((target) => [...(commands.get(target) ?? [])]))
  // gyp tells the workloads too how the core finds its thread, which they do not ask.
  for (const [file, all] of files)
    if (file.startsWith('native/bench/'))
      files.set(
        file,
        all.filter((word) => word !== '-DSUPERSLAB_TLS_DYNAMIC=1'),
      )
  return files
}

/** What the linker is told, apart from names and from the brackets that gyp puts around the objects. */
function linkFlags(command: string): string[] {
  return words(command)
    .filter((word) => /^-(Wl,|static)/.test(word))
    .filter((word) => !/^-Wl,(-soname|--(start|end)-group)/.test(word))
    .toSorted()
}

/** CMake's command, or the flags in it, by which a target is linked. */
function cmakeLinks(target: string): string {
  const file = path.join('build/native/CMakeFiles', `${target}.dir/link.txt`)
  if (existsSync(file)) return readFileSync(file, 'utf8')
  const all = readFileSync('build/native/build.ninja', 'utf8')
  const rule = new RegExp(`^build \\S+: \\w+_LINKER__${target}_\\w+ .*\\n(?:  .*\\n)*`, 'm')
  return all.match(rule)?.[0].match(/^ {2}LINK_FLAGS = (.*)$/m)?.[1] ?? ''
}

const { folder = '', reason } = configured()
const run = reason === undefined ? test.serial : test.serial.skip
const why = reason === undefined ? '' : `: ${reason}`

run(`each file of the addon is compiled with the same flags${why}`, (t) => {
  const [gyp, cmake] = [gypCommands(folder), cmakeCommands()]
  for (const form of forms) {
    const [shipped, tested] = [merged(gyp, form.gyp), merged(cmake, form.cmake)]
    t.true(shipped.size > 60)
    t.deepEqual([...shipped.keys()].toSorted(), [...tested.keys()].toSorted())
    for (const [file, all] of shipped) t.deepEqual(flags(all), flags(tested.get(file) ?? []), file)
  }
  const told = (commands: Commands) =>
    new Set(
      [...commands.values()]
        .flatMap((files) => [...files.values()].flat())
        .filter((word) => word.startsWith('-DSUPERSLAB_BUILD_FLAGS='))
        .map((word) => word.replaceAll('"', '')),
    )
  t.is(told(gyp).size, 1)
  t.deepEqual(told(gyp), told(cmake))
})

run(`each form of the addon is linked with the same flags${why}`, (t) => {
  const commands = make(folder, ['-n', 'V=1'])
  for (const { gyp, cmake } of forms) {
    const line = new RegExp(`^\\S+ -o Release/obj\\.target/${gyp[0]}\\.node (.*)$`, 'm')
    const shipped = linkFlags(commands.match(line)?.[1] ?? '')
    t.true(shipped.length > 3)
    t.deepEqual(shipped, linkFlags(cmakeLinks(cmake[0] ?? '')), gyp[0])
  }
})

run(`each form of the addon has the same symbols${why}`, (t) => {
  t.timeout(600_000)
  const names = forms.map(({ gyp }) => gyp[0] ?? '')
  make(folder, ['-j2', ...names])
  const symbols = (file: string, option: string) => {
    const options = { encoding: 'utf8', maxBuffer: 1 << 26 } as const
    const lines = execFileSync('nm', [option, '--format=posix', file], options).trim().split('\n')
    return lines.map((line) => line.split(' ').slice(0, 2).join(' ')).toSorted()
  }
  for (const name of names)
    for (const option of ['--defined-only', '--undefined-only', '--dynamic']) {
      const file = `build/Release/${name}.node`
      t.deepEqual(symbols(path.join(folder, file), option), symbols(file, option), file + option)
    }
})
