import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { startVitest } from 'vitest/node'
import { digestOf } from '../inputs.mjs'

const text = (i) => `import { expect, test } from 'vitest'
import { gzipSync, gunzipSync } from 'node:zlib'
for (let n = 0; n < 20; n++)
  test('file ${i}, case ' + n, () => {
    const list = Array.from({ length: 5000 }, (_, k) => ({ k, name: 'name' + k * ${i + 1} }))
    const text = JSON.stringify(list)
    expect(JSON.parse(gunzipSync(gzipSync(text)).toString())).toHaveLength(5000)
  })\n`

export default async function work(folder) {
  const root = path.join(import.meta.dirname, '..', `vitest-${process.pid}`)
  mkdirSync(root, { recursive: true })
  for (let i = 0; i < 8; i++) writeFileSync(path.join(root, `${i}.test.mjs`), text(i))
  const options = { root, watch: false, pool: 'threads', maxWorkers: 4, reporters: [{}] }
  const vitest = await startVitest('test', [], { ...options, cacheDir: folder })
  const names = vitest.state
    .getFiles()
    .flatMap(({ tasks }) => tasks.map(({ name, result }) => `${name} ${result?.state}`))
  await vitest.close()
  return digestOf(names.sort())
}
