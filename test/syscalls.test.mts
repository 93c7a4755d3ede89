import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { preloadFile } from '#dist/preload'

/** The table of docs/deployment.md: each call, and whether it is made with SUPERSLAB_DECAY=inline. */
const documented = new Map<string, boolean>()
for (const [, names = '', inline = ''] of readFileSync('docs/deployment.md', 'utf8').matchAll(
  /^\| (`[^|]+`) \|[^|]+\|[^|]+\| (made|never) \|$/gm,
))
  for (const [, name = ''] of names.matchAll(/`(\w+)`/g)) documented.set(name, inline === 'made')

/** Under CI, which installs strace, its lack is a failure. */
const canRun = process.env.CI || spawnSync('strace', ['-f', 'true']).status === 0
const onLinux = process.platform === 'linux' && canRun ? test : test.skip

/** Allocates and frees large and small blocks, then idles until the background thread has ended. */
const program = `
for (let round = 0; round < 8; round++) {
  const blocks = Array.from({ length: 64 }, () => Buffer.allocUnsafeSlow(1 << 20).fill(1))
  blocks.length = 0
  gc()
}
setTimeout(() => {}, 2000)`

/** Number of each system call of a program. */
async function calls(t: ExecutionContext, env: Record<string, string>) {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-calls-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'trace')
  const set = Object.entries(env).flatMap(([name, value]) => ['-E', `${name}=${value}`])
  const node = [process.execPath, '--single-threaded', '--expose-gc', '--eval', program]
  await promisify(execFile)('strace', ['-f', '-o', file, ...set, ...node])
  const names = readFileSync(file, 'utf8').matchAll(/^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)/gm)
  return new Set([...names].map(([, name = '']) => name))
}

onLinux('the table of system calls has the calls that strace shows', async (t) => {
  const preload = { LD_PRELOAD: preloadFile(), SUPERSLAB_CHILDREN: 'node' }
  const without = await calls(t, {})
  const served = await calls(t, preload)
  const inline = await calls(t, { ...preload, SUPERSLAB_DECAY: 'inline' })
  for (const name of served)
    if (!without.has(name)) t.true(documented.has(name), `${name} is not in the table`)
  for (const name of inline)
    if (!without.has(name)) t.true(documented.get(name), `${name} is made with inline`)
  const sure = ['memfd_create', 'statx', 'ftruncate', 'membarrier', 'close_range', 'capset']
  for (const name of sure) {
    t.true(served.has(name), `${name} is made`)
    t.true(documented.has(name), `${name} is in the table`)
  }
})
