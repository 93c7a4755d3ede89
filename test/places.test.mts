// Where the parts lie: a distance that repeats would let one wrong write, relative to a block, reach the same part in
// another process. native/test/process/layout.c tests the parts that no JavaScript engine places.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

/** 1,000 take ten minutes on a busy machine. */
const processes = Number(process.env.SUPERSLAB_TEST_PROCESSES ?? 100)
const file = fileURLToPath(new URL('programs/places.mjs', import.meta.url))
const random = '/proc/sys/kernel/randomize_va_space'
const isRandom = process.platform === 'linux' && readFileSync(random, 'utf8').trim() !== '0'

async function places(): Promise<Record<string, number>> {
  const { stdout } = await promisify(execFile)(process.execPath, [file])
  return JSON.parse(stdout)
}

const placesTest = isRandom ? test : test.skip
placesTest(
  'no distance between a window, its table, a block and the C library repeats',
  async (t) => {
    t.timeout(15 * 60_000)
    const seen: Record<string, Set<number>> = {}
    const note = (found: Record<string, number>) => {
      const names = Object.keys(found)
      t.deepEqual(names, ['window', 'table', 'native', 'library'])
      for (const [i, name] of names.entries())
        for (const other of names.slice(0, i)) {
          seen[`${other} to ${name}`] ??= new Set()
          seen[`${other} to ${name}`]?.add((found[name] as number) - (found[other] as number))
        }
    }
    const run = async () => {
      for (let i = 0; i < processes / 2; i++) note(await places())
    }
    await Promise.all([run(), run()])
    t.deepEqual(
      Object.fromEntries(Object.entries(seen).map(([pair, distances]) => [pair, distances.size])),
      Object.fromEntries(Object.keys(seen).map((pair) => [pair, processes])),
    )
  },
)
