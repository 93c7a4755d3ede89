import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { Journal } from '#dist/cli/bench/journal'

const folder = mkdtempSync(path.join(tmpdir(), 'superslab-journal-'))
test.after.always(() => rmSync(folder, { recursive: true }))

/** One run of a benchmark: measures `count` values of each key, numbered in turn, and returns the journal's values. */
async function sitting(file: string, count: number, first: number, subject = { build: 'a' }) {
  const journal = new Journal<number>(file, subject)
  const got: number[] = []
  let number = first
  for (let round = 0; round < count; round++)
    for (const key of ['one', 'two']) got.push(await journal.next(key, () => number++))
  return got
}

test('kept measurements are not repeated, and come back in their order', async (t) => {
  const file = path.join(folder, 'kept')
  t.deepEqual(await sitting(file, 2, 1), [1, 2, 3, 4])
  t.deepEqual(await sitting(file, 3, 100), [1, 2, 3, 4, 100, 101])
  t.deepEqual(await sitting(file, 3, 200), [1, 2, 3, 4, 100, 101])
})

test('a line that was being written when the benchmark ended is measured again', async (t) => {
  const file = path.join(folder, 'cut')
  await sitting(file, 1, 1)
  appendFileSync(file, '{"key":"one","val')
  t.deepEqual(await sitting(file, 2, 7), [1, 2, 7, 8])
  t.deepEqual(await sitting(file, 2, 9), [1, 2, 7, 8])
})

test('a failed measurement is not kept', async (t) => {
  const journal = new Journal<number>(path.join(folder, 'failed'), {})
  const failing = journal.next('one', () => Promise.reject(new Error('void')))
  await t.throwsAsync(failing, { message: 'void' })
  t.is(await journal.next('one', () => 3), 3)
})

test('results of another build and other files are refused', async (t) => {
  const file = path.join(folder, 'other')
  await sitting(file, 1, 1)
  const before = readFileSync(file, 'utf8')
  await t.throwsAsync(sitting(file, 1, 1, { build: 'b' }), { code: 'ERR_SUPERSLAB_BENCH_FAILED' })
  t.is(readFileSync(file, 'utf8'), before)
  const strange = path.join(folder, 'strange')
  appendFileSync(strange, '# Notes\n')
  await t.throwsAsync(sitting(strange, 1, 1), { code: 'ERR_SUPERSLAB_BENCH_FAILED' })
})
