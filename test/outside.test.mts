// The cost of a process for outside tools: a debugger's dump, an emulator's records of its addresses.
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext, type Implementation } from 'ava'
import { preloadFile } from '#dist/preload'
import { main, plainEnvironment } from './support/cli.mjs'

const MORE_BYTES = 32 * 2 ** 20
const isLinux = process.platform === 'linux'
const index = fileURLToPath(import.meta.resolve('#dist/index'))
const folder = mkdtempSync(path.join(tmpdir(), 'superslab-outside-'))
test.after.always(() => rmSync(folder, { recursive: true, force: true }))

const program = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Allocates the argument's bytes in blocks of 100 bytes, and the same in blocks of 1 MiB. */
int main(int argc, char **argv) {
    const size_t sizes[] = {100, 1 << 20}, bytes = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
    for (int i = 0; i < 2; i++)
        for (size_t live = 0; live <= bytes; live += sizes[i])
            memset(malloc(sizes[i]), 1, sizes[i]);
    puts("ready");
    fflush(stdout);
    pause();
    return argc;
}
`

function compiled(): string {
  const file = path.join(folder, 'program')
  writeFileSync(`${file}.c`, program)
  execFileSync(process.env.CC ?? 'cc', ['-O1', '-o', file, `${file}.c`])
  return file
}

const small = isLinux ? compiled() : ''
const heap = [small, String(25 * 2 ** 20)]
const node = [process.execPath, '-e', 'console.log("ready"); setInterval(() => {}, 1000)']
/** Holds Buffers of 1 MiB that `alloc` makes. */
const withBuffers = (alloc: string, count = 20) => [
  process.execPath,
  '-e',
  `globalThis.kept = Array.from({ length: ${count} }, () => ${alloc}(2 ** 20).fill(1))
  console.log('ready')
  setInterval(() => {}, 1000)`,
]
const nodeBuffers = withBuffers('Buffer.allocUnsafeSlow')
const ownAlloc = `require(${JSON.stringify(index)}).alloc`
const ownBuffers = withBuffers(ownAlloc)
const servedNode = [process.execPath, main, 'run', '--', ...node]
const preloaded = { LD_PRELOAD: isLinux ? preloadFile() : '', SUPERSLAB_CHILDREN: 'all' }

/** Starts the program and waits until it says that it is ready. */
async function ready(
  t: ExecutionContext,
  [file = '', ...args]: string[],
  env: Record<string, string> = {},
): Promise<ChildProcess & { pid: number }> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const child = spawn(file, args, { stdio: [...stdio], env: plainEnvironment(env) })
  t.teardown(() => child.kill('SIGKILL'))
  const [text] = await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  t.is(String(text), 'ready\n')
  return child as ChildProcess & { pid: number }
}

/** A test that is skipped, with the reason printed, where a tool is missing; in continuous integration none is. */
function toolTest(title: string, missing: string | undefined, body: Implementation<[]>): void {
  if (missing && process.env.CI && isLinux) throw new Error(`${title}: ${missing}`)
  if (missing) console.error(`skipped: ${title}: ${missing}`)
  ;(missing ? test.serial.skip : test.serial)(title, body)
}

// ---- dumps ----

function missingForDumps(): string | undefined {
  if (!isLinux) return 'gcore is tested on Linux'
  if (spawnSync('gcore', ['-h']).error) return 'gdb is not installed'
  const sleeper = spawn('sleep', ['60'])
  const file = path.join(folder, 'trial')
  const { stdout } = spawnSync('gcore', ['-o', file, String(sleeper.pid)], { encoding: 'utf8' })
  sleeper.kill('SIGKILL')
  return stdout.includes(`Saved corefile ${file}`) ? undefined : 'no process may be traced'
}

/** The length of a core file by its own headers: the end of the last segment. */
function coreBytes(file: string): number {
  const headers = Buffer.alloc(2 ** 20)
  const descriptor = openSync(file, 'r')
  readSync(descriptor, headers, 0, headers.length, 0)
  closeSync(descriptor)
  const [start, step, count] = [32, 54, 56].map((at) => headers.readUInt16LE(at)) as number[]
  const ends = Array.from({ length: count as number }, (_, index) => {
    const at = (start as number) + index * (step as number)
    return Number(headers.readBigUInt64LE(at + 8) + headers.readBigUInt64LE(at + 32))
  })
  return Math.max(...ends)
}

/** The length of gcore's file and its bytes on the disk. gdb succeeds even if a limit cuts the file off. */
async function dumped(child: { pid: number }, limit: number | 'unlimited'): Promise<number[]> {
  const prefix = path.join(folder, 'core')
  const gcore = [`--fsize=${limit}`, 'gcore', '-o', prefix, String(child.pid)]
  await promisify(execFile)('prlimit', gcore).catch(() => undefined)
  const file = `${prefix}.${child.pid}`
  const { size, blocks } = statSync(file)
  const bytes = Math.max(size, coreBytes(file))
  rmSync(file)
  return [bytes, blocks * 512]
}

const dumpTest = (title: string, plain: string[], served: string[], env = {}) =>
  toolTest(title, missing, async (t) => {
    // How many threads of the engine have an arena of glibc's, each of 64 MiB in a dump, varies with what they compile.
    const oneArena = { MALLOC_ARENA_MAX: '1' }
    const [size = 0, disk = 0] = await dumped(await ready(t, plain, oneArena), 'unlimited')
    t.true(size > 100_000)
    const limit = size + 2 * MORE_BYTES
    const [servedSize = 0, servedDisk = 0] = await dumped(
      await ready(t, served, { ...oneArena, ...env }),
      limit,
    )
    t.true(servedSize > 100_000)
    t.true(servedSize <= size + MORE_BYTES, `${servedSize} bytes, ${size} without superslab`)
    t.true(servedDisk <= disk + MORE_BYTES, `${servedDisk} bytes on disk, ${disk} without`)
  })

const missing = missingForDumps()
dumpTest('a dump of a small program', [small], [small], preloaded)
dumpTest('a dump of a heap of 50 MB', heap, heap, preloaded)
dumpTest('a dump of Node', node, servedNode)
dumpTest('a dump of Node with Buffers', nodeBuffers, ownBuffers)

// ---- emulators ----

/** In bytes: addresses, and memory. */
function sizes({ pid }: { pid: number }): { addresses: number; memory: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const [addresses = 0, memory = 0] = ['VmSize', 'VmRSS'].map(
    (name) => 1024 * Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm'))?.[1]),
  )
  return { addresses, memory }
}

const emulator = process.arch === 'arm64' ? 'qemu-aarch64' : 'qemu-x86_64'
const emulated = [emulator, `${emulator}-static`].find(
  (command) => isLinux && !spawnSync(command, ['--version']).error,
)

toolTest(
  'a small program under qemu’s emulation of user programs',
  emulated ? undefined : `${emulator} is not installed`,
  async (t) => {
    const set = Object.entries(preloaded).flatMap(([name, value]) => ['-E', `${name}=${value}`])
    const without = sizes(await ready(t, [emulated as string, small]))
    // The emulator is a program of this machine: the library is only for the program in it.
    const served = await ready(t, [emulated as string, ...set, small])
    t.true(readFileSync(`/proc/${served.pid}/maps`, 'utf8').includes(preloaded.LD_PRELOAD))
    const { memory, addresses } = sizes(served)
    t.true(memory <= without.memory + MORE_BYTES, `${memory} bytes, ${without.memory} without`)
    // It keeps a record of each page of addresses, so reserving them takes it time and memory.
    const more = addresses - without.addresses
    t.true(more <= 4 * 2 ** 30, `${more} bytes of addresses more`)
  },
)

toolTest(
  'Node with Buffers under qemu’s emulation of user programs',
  emulated ? undefined : `${emulator} is not installed`,
  async (t) => {
    const without = sizes(await ready(t, [emulated as string, ...node]))
    const served = await ready(t, [emulated as string, ...withBuffers(ownAlloc, 1)])
    const { memory } = sizes(served)
    t.true(memory <= without.memory + MORE_BYTES, `${memory} bytes, ${without.memory} without`)
  },
)
