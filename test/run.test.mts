import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { active } from 'superslab'
import { ended, main, plainEnvironment, run } from './support/cli.mjs'
import { testUnless, works } from './support/needs.mjs'

const linuxTest = process.platform === 'linux' ? test : test.skip
const node = process.execPath
const isActive = ['-p', "require('./dist/index.js').active"]
const tests = path.resolve('build/ctest/native/test')
/** The value that `run` sets: on musl only the path. */
const library = path.resolve('build/Release/libsuperslab.so')
const isGlibc = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header
const preloaded = isGlibc ? `/$LIB/../../../..${library}` : library

function folder(t: ExecutionContext, name = 'superslab-run-'): string {
  const place = mkdtempSync(path.join(tmpdir(), name))
  t.teardown(() => rmSync(place, { recursive: true }))
  return place
}

test('this process, without superslab preloaded, is not served', (t) => {
  t.is(active, process.env.LD_PRELOAD?.includes('libsuperslab') ?? false)
})

linuxTest('no process stays behind: the command is the process that was started', async (t) => {
  const { pid, stdout } = await run(['--', 'sh', '-c', 'echo $$'])
  t.is(Number(stdout), pid)
})

linuxTest('the exit code and the signal are the command’s own', async (t) => {
  t.is((await run(['sh', '-c', 'exit 42'])).code, 42)
  t.is((await run(['sh', '-c', 'kill -TERM $$'])).signal, 'SIGTERM')
})

linuxTest('the library is named by its whole path', async (t) => {
  const place = path.join(folder(t), 'a'.repeat(200), 'b'.repeat(200))
  mkdirSync(place, { recursive: true })
  const deep = path.join(place, 'libsuperslab.so')
  copyFileSync(library, deep)
  const env = plainEnvironment({ LD_PRELOAD: deep })
  const { stdout } = await ended(node, ['-p', "require('./dist/index.js').info().file"], { env })
  t.is(stdout.trim(), deep)
})

linuxTest('arguments reach the command as they are', async (t) => {
  const { stdout } = await run(['printf', '%s|', '--stats', '', 'a b', '--', '-x'])
  t.is(stdout, '--stats||a b|--|-x|')
})

linuxTest('descriptors, signals and limits are what they are without it', async (t) => {
  const place = folder(t)
  const file = openSync(path.join(place, 'file'), 'w')
  t.teardown(() => closeSync(file))
  const show = [
    'cd /proc/$$/fd; for fd in *; do echo "$fd $(readlink $fd)"; done; cd - > /dev/null',
    'grep -E "^(SigBlk|SigIgn)" /proc/self/status',
    'ulimit -n; umask; pwd',
  ].join(';')
  writeFileSync(path.join(place, 'show'), show)
  // Both ends of a pipe, as make hands them to its children.
  const before = 'mkfifo f; exec 6</dev/null 7<>f 8>f 9<f; ulimit -S -n 512'
  const show_it = `sh ${path.join(place, 'show')}`
  const options = { stdio: ['ignore', 'pipe', 'pipe', file], cwd: place } as const
  const shell = (command: string) =>
    ended('sh', ['-c', `${before}; ${command}; rm -f f`], {
      ...options,
      stdio: [...options.stdio],
    })
  const [plain, served] = [await shell(show_it), await shell(`${node} ${main} run -- ${show_it}`)]
  t.is(plain.code, 0, plain.stderr)
  t.regex(plain.stdout, /^3 .*file$/m)
  t.regex(plain.stdout, /^512$/m)
  // One descriptor is added: the page that `superslab status` reads, above all descriptors that a program opens.
  t.regex(served.stdout, /^\d{3,} \/memfd:superslab \(deleted\)$/m)
  const comparable = (text: string) =>
    text.replace(/:\[\d+\]/g, '').replace(/^\d{3,} \/memfd:superslab .*\n/m, '')
  t.is(comparable(served.stdout), comparable(plain.stdout))
})

linuxTest('a terminal is the command’s own', async (t) => {
  const command = `${node} ${main} run -- sh -c 'test -t 0 && test -t 1 && stty -a'`
  const { stdout, code } = await ended('script', ['-qec', command, '/dev/null'])
  t.is(code, 0)
  const plain = await ended('script', ['-qec', 'stty -a', '/dev/null'])
  t.is(stdout, plain.stdout)
})

linuxTest('the command is served, and the addon shares its heap', async (t) => {
  const code = `const { active, info, stats } = require('./dist/index.js')
    const { ownHeap, file } = info()
    console.log(JSON.stringify({ active, ownHeap, file, live: stats().liveBlocks }))`
  const { stdout, stderr } = await run(['node', '-e', code])
  const { live, ...rest } = JSON.parse(stdout)
  const file = path.resolve('build/Release/libsuperslab.so')
  t.deepEqual(rest, { active: true, ownHeap: false, file }, stderr)
  t.true(live > 1000, 'node’s own blocks are counted')
})

linuxTest('processes below the command are served by the rule of --children', async (t) => {
  const below = (children: string[]) =>
    run([...children, '--', 'sh', '-c', `${node} ${isActive[0]} "${isActive[1]}"; true`])
  t.is((await below([])).stdout, 'true\n')
  t.is((await below(['--children=node'])).stdout, 'true\n')
  t.is((await below(['--children=all'])).stdout, 'true\n')
  t.is((await below(['--children=none'])).stdout, 'false\n')
  t.is((await run(['--children=none', node, ...isActive])).stdout, 'true\n')
})

linuxTest('--stats makes exactly the served processes print when they end', async (t) => {
  const script = "require('child_process').execFileSync(process.execPath, ['-p', '0'])"
  const line = /^superslab: pid=\d+ live_bytes=\d+ .* command="(.*)"$/gm
  const commands = async (...args: string[]) => {
    const { stderr } = await run(['--stats', ...args, '--', node, '-e', script])
    return [...stderr.matchAll(line)].map(([, command]) => command)
  }
  const root = `${node} -e ${script}`
  t.deepEqual(await commands(), [`${node} -p 0`, root])
  t.deepEqual(await commands('--children=none'), [root])
})

linuxTest('libraries that were preloaded before stay', async (t) => {
  const env = plainEnvironment({ LD_PRELOAD: 'libdl.so.2 libm.so.6' })
  const { stdout } = await run(['printenv', 'LD_PRELOAD'], { env })
  t.is(stdout, `libdl.so.2:libm.so.6:${preloaded}\n`)
})

linuxTest('run inside run names the library once', async (t) => {
  const { stdout } = await run(['--', node, main, 'run', '--', 'printenv', 'LD_PRELOAD'])
  t.is(stdout, `${preloaded}\n`)
})

linuxTest('musl’s loader ignores the path for glibc’s loader', async (t) => {
  const { stdout } = await run(['printenv', 'LD_PRELOAD'])
  t.is(existsSync(stdout.trim()), !isGlibc)
})

const muslTest = testUnless(!works('musl-gcc', '--version') && 'there is no musl-gcc')

muslTest('a program for musl runs below one for glibc, unserved', async (t) => {
  const program = path.join(folder(t), 'musl')
  writeFileSync(`${program}.c`, '#include <stdio.h>\nint main(void) { return puts("musl") < 0; }\n')
  const compiled = await ended('musl-gcc', ['-o', program, `${program}.c`])
  t.is(compiled.code, 0, compiled.stderr)
  for (const children of ['all', 'node', 'none']) {
    const command = ['--', 'sh', '-c', `${program}; ${node} ${isActive[0]} "${isActive[1]}"`]
    const { code, stdout, stderr } = await run([`--children=${children}`, ...command])
    t.is(stdout, `musl\n${children !== 'none'}\n`, stderr)
    t.is(code, 0)
    t.is(stderr, '')
  }
})

linuxTest('a path may have blanks and colons', async (t) => {
  const place = path.join(folder(t), 'with blank:and colon')
  mkdirSync(path.join(place, 'build'), { recursive: true })
  for (const name of ['dist', 'package.json'])
    cpSync(name, path.join(place, name), { recursive: true })
  cpSync('build/Release', path.join(place, 'build', 'Release'), { recursive: true })
  symlinkSync(path.resolve('node_modules'), path.join(place, 'node_modules'))
  const cli = path.join(place, 'dist', 'cli', 'main.js')
  const env = plainEnvironment({ XDG_CACHE_HOME: folder(t) })
  const script = `echo "$LD_PRELOAD"; ${node} ${isActive.map((word) => `'${word.replaceAll("'", '"')}'`).join(' ')}`
  const served = await ended(node, [cli, 'run', '--', 'sh', '-c', script], { env })
  t.regex(served.stdout, /^\/\S+\/superslab\/libsuperslab-[0-9a-f]{16}\.so\ntrue\n$/, served.stderr)
  const again = await ended(node, [cli, 'path'], { env })
  t.true(served.stdout.endsWith(`${again.stdout}true\n`))
  const { stdout } = await ended(node, [cli, 'env'], { env })
  t.true(stdout.includes(`RUN ln -sf "${place}/build/Release/libsuperslab.so" /usr/local/lib/`))
})

linuxTest('scripts run by the program in their first line, or by the shell', async (t) => {
  const place = folder(t)
  const script = (name: string, text: string) => {
    writeFileSync(path.join(place, name), text, { mode: 0o755 })
    return path.join(place, name)
  }
  const required = path.resolve('dist/index.js')
  const named = script('named', `#!/usr/bin/env node\nconsole.log(require('${required}').active)\n`)
  t.is((await run([named])).stdout, 'true\n')
  t.is((await run([script('unnamed', 'echo "from $1"\n'), 'sh'])).stdout, 'from sh\n')
})

linuxTest('env in a script’s first line may have options and assignments', async (t) => {
  const place = folder(t)
  const show = `console.log(process.env.A, require('${path.resolve('dist/index.js')}').active)`
  for (const words of ['-S A=1 node', '-vSA=1 node', '-S -u B A=1 node --no-warnings']) {
    const file = path.join(place, 'script')
    writeFileSync(file, `#!/usr/bin/env ${words}\n${show}\n`, { mode: 0o755 })
    t.is((await run([file])).stdout, '1 true\n', words)
  }
})

linuxTest('a folder in PATH that cannot be read is skipped', async (t) => {
  const place = folder(t)
  symlinkSync('loop', path.join(place, 'loop'))
  const folders = [path.join(place, 'loop'), path.join(place, 'x'.repeat(300)), '/etc/passwd']
  const PATH = [...folders, process.env.PATH].join(':')
  const { stdout, stderr } = await run(['echo', 'found'], { env: plainEnvironment({ PATH }) })
  t.is(stdout, 'found\n', stderr)
  const env = plainEnvironment({ PATH: folders.join(':') })
  const missing = await run(['echo', 'found'], { env })
  t.is(missing.code, 127, missing.stderr)
})

// ---- refusals ----

/** An ELF file that has only headers. */
function elf(machine: number, interpreter?: string): Buffer {
  const head = Buffer.alloc(64 + 56 + 64)
  head.write('\x7fELF\x02\x01\x01', 'latin1')
  head.writeUInt16LE(2, 16)
  head.writeUInt16LE(machine, 18)
  if (interpreter === undefined) return head
  head.writeBigUInt64LE(64n, 32)
  head.writeUInt16LE(56, 54)
  head.writeUInt16LE(1, 56)
  head.writeUInt32LE(3, 64)
  head.writeBigUInt64LE(120n, 64 + 8)
  head.writeBigUInt64LE(BigInt(interpreter.length + 1), 64 + 32)
  head.write(`${interpreter}\0`, 120)
  return head
}

const own = process.arch === 'arm64' ? 183 : 62

async function refused(t: ExecutionContext, code: string, exit: number, args: string[], env = {}) {
  const result = await run(args, { env: plainEnvironment(env) })
  t.is(result.code, exit, result.stderr)
  t.is(result.stdout, '')
  t.regex(result.stderr, new RegExp(`^superslab: .* \\(${code}\\)\n$`))
}

linuxTest('programs that cannot be served are refused, with a code', async (t) => {
  const place = folder(t)
  const file = (name: string, content: Buffer | string, mode = 0o755) => {
    writeFileSync(path.join(place, name), content)
    chmodSync(path.join(place, name), mode)
    return path.join(place, name)
  }
  const musl = '/lib/ld-musl-x86_64.so.1'
  const loader = '/lib64/ld-linux-x86-64.so.2'
  await refused(t, 'ERR_SUPERSLAB_COMMAND_NOT_FOUND', 127, ['there-is-no-such-command'])
  await refused(t, 'ERR_SUPERSLAB_COMMAND_NOT_FOUND', 127, [path.join(place, 'nothing')])
  await refused(t, 'ERR_SUPERSLAB_NOT_EXECUTABLE', 126, [file('plain', 'text', 0o644)])
  await refused(t, 'ERR_SUPERSLAB_NOT_EXECUTABLE', 126, [place])
  await refused(t, 'ERR_SUPERSLAB_STATIC_BINARY', 125, [file('static', elf(own))])
  const other = file('other', elf(own, isGlibc ? musl : loader))
  await refused(t, 'ERR_SUPERSLAB_OTHER_LIBC', 125, [file('mixed', `#!/usr/bin/env ${other}\n`)])
  await refused(t, 'ERR_SUPERSLAB_OTHER_ARCHITECTURE', 125, [file('mips', elf(8, loader))])
  await refused(t, 'ERR_SUPERSLAB_STATIC_BINARY', 125, [file('script', `#!${place}/static\n`)])
})

linuxTest('the error for a bad interpreter is one line', async (t) => {
  const place = folder(t)
  const file = (name: string, content: Buffer | string, mode = 0o755) => {
    writeFileSync(path.join(place, name), content, { mode })
    return path.join(place, name)
  }
  const code = 'ERR_SUPERSLAB_NOT_EXECUTABLE'
  symlinkSync('loop', path.join(place, 'loop'))
  const plain = file('plain', 'text', 0o644)
  for (const interpreter of ['/there/is/none', place, plain, `${place}/loop`, 'relative/none'])
    await refused(t, code, 126, [file('script', `#!${interpreter} -x\n`)])
  await refused(t, code, 126, [file('returned', '#!/bin/sh\r\necho\n')])
  await refused(t, code, 126, [file('program', elf(own, '/there/is/ld-linux-none.so.2'))])
  await refused(t, code, 126, [path.join(place, 'loop')])
  await refused(t, 'ERR_SUPERSLAB_COMMAND_NOT_FOUND', 127, [
    file('named', '#!/usr/bin/env none-such\n'),
  ])
  const path_ = file('path', `#!/usr/bin/env -S PATH=${place} none-such\n`)
  await refused(t, 'ERR_SUPERSLAB_COMMAND_NOT_FOUND', 127, [path_])
  for (const words of ['-S -i node', '-S -u LD_PRELOAD node', '-iS node', '-S - node'])
    await refused(t, 'ERR_SUPERSLAB_PRELOAD_FAILED', 125, [
      file('clear', `#!/usr/bin/env ${words}\n`),
    ])
})

linuxTest('the error for a file that may not be read is one line', async (t) => {
  const { place, command, env } = copyForAll(t)
  const file = path.join(place, 'unreadable')
  copyFileSync('/bin/true', file)
  const closed = path.join(place, 'closed')
  mkdirSync(closed)
  chmodSync(file, 0o111)
  chmodSync(closed, 0)
  t.teardown(() => chmodSync(closed, 0o700))
  const { code, stdout, stderr } = await ended(...command([file]), { env })
  t.is(code, 126, stderr)
  t.is(stdout, '')
  t.regex(stderr, /^superslab: .* cannot be read.*\(ERR_SUPERSLAB_NOT_EXECUTABLE\)\n$/)
  const PATH = `${closed}:${process.env.PATH}`
  t.is((await ended(...command(['echo', 'found']), { env: { ...env, PATH } })).stdout, 'found\n')
  const within = await ended(...command([path.join(closed, 'program')]), { env })
  t.is(within.code, 126, within.stderr)
  t.regex(within.stderr, /^superslab: .*permission denied \(ERR_SUPERSLAB_NOT_EXECUTABLE\)\n$/)
})

/** A copy of the package that all users may read, and its `run` as a user other than root. */
function copyForAll(t: ExecutionContext) {
  const place = folder(t)
  chmodSync(place, 0o755)
  for (const name of ['dist', 'package.json', 'build/Release'])
    cpSync(name, path.join(place, name), { recursive: true })
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  for (const [name, { dev }] of Object.entries<{ dev?: boolean }>(packages))
    if (name !== '' && !dev) cpSync(name, path.join(place, name), { recursive: true })
  const cli = path.join(place, 'dist/cli/main.js')
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', node]
  const command = (args: string[]): [string, string[]] =>
    process.getuid?.() === 0
      ? ['setpriv', [...asNobody, cli, 'run', ...args]]
      : [node, [cli, 'run', ...args]]
  return { place, command, env: plainEnvironment({ HOME: place }) }
}

test('wrong options do not look like a failure of the command', async (t) => {
  for (const args of [
    ['run'],
    ['run', '--nothing', 'true'],
    ['run', '--children=some', 'true'],
    ['--stats', 'run', 'true'],
    ['nothing'],
  ]) {
    const { code, stdout, stderr } = await ended(node, [main, ...args])
    t.is(code, 125, args.join(' '))
    t.is(stdout, '')
    t.regex(stderr, /^error: .*\n$/)
  }
  t.is((await ended(node, [main, 'run', '--help'])).code, 0)
})

linuxTest(
  'the error of a package without its binaries is one text with an exit code of run’s own',
  async (t) => {
    const { place, env } = copyForAll(t)
    rmSync(path.join(place, 'build'), { recursive: true })
    const { code, stderr } = await ended(
      node,
      [path.join(place, 'dist/cli/main.js'), 'run', 'true'],
      { env },
    )
    t.is(code, 125)
    t.regex(stderr, /^superslab: The native addon could not be loaded/)
    t.notRegex(stderr, /^ +at /m)
  },
)

linuxTest('another allocator is refused', async (t) => {
  const code = 'ERR_SUPERSLAB_OTHER_ALLOCATOR'
  await refused(t, code, 125, [path.join(tests, 'test-program-OWN_MALLOC')])
  const env = { LD_PRELOAD: path.join(tests, 'libtest-other-malloc.so') }
  await refused(t, code, 125, ['true'], env)
})

const rootTest = testUnless(
  (process.platform !== 'linux' && 'preloading is tested on Linux') ||
    (process.getuid?.() !== 0 && 'only root can make such a file'),
)

rootTest('a file that runs as another user is refused', async (t) => {
  const file = path.join(folder(t), 'setuid')
  copyFileSync('/bin/true', file)
  chownSync(file, 65534, 65534)
  chmodSync(file, 0o4755)
  await refused(t, 'ERR_SUPERSLAB_SECURE_MODE', 125, [file])
})

const giveCapability = ['setcap', 'cap_net_bind_service=+ep'] as const

/** By a copy of a program that is tried once. */
function canGiveCapability(): boolean {
  const place = mkdtempSync(path.join(tmpdir(), 'superslab-setcap-'))
  const file = path.join(place, 'true')
  copyFileSync('/bin/true', file)
  const able = works(...giveCapability, file)
  rmSync(place, { recursive: true })
  return able
}

const capableTest = testUnless(
  (process.platform !== 'linux' && 'preloading is tested on Linux') ||
    ((process.getuid?.() !== 0 || !canGiveCapability()) &&
      'only root can give a file capabilities, with setcap'),
)

capableTest('a file with capabilities is refused to all but root', async (t) => {
  const file = path.join(folder(t), 'capable')
  copyFileSync('/bin/true', file)
  const [command, capability] = giveCapability
  t.is((await ended(command, [capability, file])).code, 0)
  t.is((await run([file])).code, 0)
  chmodSync(path.dirname(file), 0o755)
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
  if ((await ended('setpriv', [...asNobody, 'test', '-r', main])).code !== 0) {
    t.log('skipped: this folder is closed to other users')
    return
  }
  const asked = [...asNobody, node, main, 'run', file]
  const { code, stderr } = await ended('setpriv', asked, { env: plainEnvironment() })
  t.is(code, 125, stderr)
  t.regex(stderr, /has capabilities of its own.*\(ERR_SUPERSLAB_SECURE_MODE\)/)
})

// ---- path and env ----

linuxTest('path and env print the library’s path', async (t) => {
  const library = path.resolve('build/Release/libsuperslab.so')
  t.is((await ended(node, [main, 'path'])).stdout, `${library}\n`)
  const { stdout } = await ended(node, [main, 'env', '--children=all'])
  t.is(stdout, `ENV LD_PRELOAD=${library}\nENV SUPERSLAB_CHILDREN=all\n`)
  t.is(readFileSync(library).toString('latin1', 1, 4), 'ELF')
  const required = await ended(node, [main, 'env', '--require'])
  t.is(required.stdout, `ENV LD_PRELOAD=${library}\nENV SUPERSLAB_CHILDREN=node,require\n`)
})

// ---- never silently inactive ----

linuxTest('LD_PRELOAD alone serves a program that is not Node', async (t) => {
  const child = spawn('cat', { env: plainEnvironment({ LD_PRELOAD: library }) })
  t.teardown(() => child.kill())
  child.stdin.write('up\n')
  await once(child.stdout, 'data')
  const { code, stdout, stderr } = await ended(node, [main, 'status', String(child.pid)])
  t.is(code, 0, stderr)
  t.regex(stdout, /serves process \d+ \(cat\)/)
})

linuxTest('run tells the processes below the command which of them are served', async (t) => {
  const told = async (args: string[], more: Record<string, string> = {}) => {
    const command = [...args, 'printenv', 'SUPERSLAB_CHILDREN']
    const value = (await run(command, { env: plainEnvironment(more) })).stdout.trim()
    t.regex(value, /,root=\d+:\d+$/)
    return value.replace(/,root=.*/, '')
  }
  t.is(await told([]), 'node')
  t.is(await told(['--require']), 'node,require')
  t.is(await told(['--require', '--children=all']), 'all,require')
  t.is(await told([], { SUPERSLAB_CHILDREN: 'all' }), 'all')
  t.is(await told(['--require'], { SUPERSLAB_CHILDREN: 'none' }), 'none,require')
  t.is(await told(['--children=node'], { SUPERSLAB_CHILDREN: 'none' }), 'node')
  t.is(await told([], { SUPERSLAB_CHILDREN: 'all,root=1:1' }), 'all')
})

linuxTest('with --require a Node that lost the library ends, and says why', async (t) => {
  const uses = `require(${JSON.stringify(path.resolve('dist/index.js'))}); console.log('runs')`
  const lost = ['env', '-u', 'LD_PRELOAD', node, '--eval', uses]
  const required = await run(['--require', ...lost])
  t.is(required.code, 1)
  t.is(required.stdout, '')
  t.regex(required.stderr, /LD_PRELOAD: does not name the library/)
  t.regex(required.stderr, /ERR_SUPERSLAB_NOT_SERVED/)
  const missing = ['env', 'LD_PRELOAD=/nowhere/libsuperslab.so', node, '--eval', uses]
  t.regex((await run(['--require', ...missing])).stderr, /the loader did not load the library/)
  for (const [args, command] of [
    [[], lost],
    [['--require', '--children=none'], lost],
    [['--require'], [node, '--eval', uses]],
  ])
    t.is((await run([...(args ?? []), ...(command ?? [])])).stdout, 'runs\n')
})

linuxTest('with --require a program below the command with its own malloc ends', async (t) => {
  const other = path.join(tests, 'libtest-other-malloc.so')
  const below = ['sh', '-c', `LD_PRELOAD=${other}:$LD_PRELOAD ${node} -p 1`]
  const { code, stdout, stderr } = await run(['--require', '--', ...below])
  t.is(code, 125)
  t.is(stdout, '')
  t.regex(stderr, /^superslab: process \d+ \(.*node -p 1\) ends, because another malloc/)
  t.is((await run(['--', ...below])).stdout, '1\n')
})
