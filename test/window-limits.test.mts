import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

const run = promisify(execFile)
const program = fileURLToPath(new URL('programs/full-window.mjs', import.meta.url))

/** A module that runs before the program and changes the machine's memory or removes a part of the engine. */
const before = (code: string) => ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
const machine = (bytes: number) =>
  before(`import os from 'node:os'
os.totalmem = () => ${bytes}
process.constrainedMemory = () => 0`)
const fixed = before('delete SharedArrayBuffer.prototype.growable')

test.serial('a machine with 1 GiB of memory', async (t) => {
  const { stdout } = await run(process.execPath, [...machine(2 ** 30), program])
  t.is(Number(stdout), 0.75 * 2 ** 30)
})

test.serial('Buffers in the upper half of 4 GiB', async (t) => {
  const file = fileURLToPath(new URL('programs/upper-half.mjs', import.meta.url))
  await t.notThrowsAsync(run(process.execPath, [...machine(2 ** 33), file]))
})

for (const [name, flags] of [
  ['WebAssembly', ['--jitless']],
  ['shared memory that grows', fixed],
] as const)
  test.serial(`an engine without ${name}`, async (t) => {
    const { stdout } = await run(process.execPath, [...flags, ...machine(2 ** 26), program])
    t.is(Number(stdout), 0.75 * 2 ** 26)
  })

test.serial('an engine without either: an error with a code', async (t) => {
  const running = run(process.execPath, ['--jitless', ...fixed, program])
  const { stderr } = (await t.throwsAsync(running)) as Error & { stderr: string }
  t.regex(stderr, /ERR_SUPERSLAB_OUT_OF_MEMORY/)
})

/** Runs the program in a process that may have `mebibytes` more addresses than Node takes by itself. */
async function withAddresses(mebibytes: number): Promise<{ stdout: string }> {
  const status = `console.log(require('node:fs').readFileSync('/proc/self/status', 'utf8'))`
  const { stdout } = await run(process.execPath, ['-e', status])
  const taken = Number(stdout.match(/^VmPeak:\s+(\d+) kB$/m)?.[1])
  const limited = `ulimit -v ${taken + mebibytes * 1024}; exec "$0" "$@"`
  return run('sh', ['-c', limited, process.execPath, program, 'alone'])
}

// At most 1.6 GiB in all with Node 20.
test.serial('few addresses', async (t) => {
  const { stdout } = await withAddresses(900)
  t.true(Number(stdout) >= 64 * 2 ** 20)
})

// Node itself ends for lack of addresses, or the window is refused; Node 22 leaves enough for a small window.
test.serial('hardly any addresses: a small window, or an error at the start', async (t) => {
  const { stdout, stderr } = await withAddresses(48).catch((error) => error)
  t.regex(stdout + stderr, /^\d+\n$|ERR_SUPERSLAB_OUT_OF_MEMORY|out of memory|OOM/)
})
