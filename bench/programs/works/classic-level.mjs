import path from 'node:path'
import { ClassicLevel } from 'classic-level'
import { digestOf, inLanes, randomNumbers } from '../inputs.mjs'

export default async function work(folder) {
  const random = randomNumbers(7)
  const db = new ClassicLevel(path.join(folder, 'level'), { valueEncoding: 'utf8' })
  for (let round = 0; round < 80; round++) {
    // No key is in two batches, because the batches of a round are written in any order.
    const batches = Array.from({ length: 4 }, (_, lane) =>
      Array.from({ length: 500 }, () => ({
        type: 'put',
        key: `key-${lane}-${(random() * 12500) | 0}`,
        value: `value ${round} `.repeat(10 + random() * 90),
      })),
    )
    await Promise.all(batches.map((batch) => db.batch(batch)))
  }
  const lengths = []
  for await (const [key, value] of db.iterator({ limit: 20_000 })) lengths.push(key, value.length)
  const many = await inLanes(40, 8, (i) =>
    db.getMany(Array.from({ length: 250 }, (_, j) => `key-${i % 4}-${i * 250 + j}`)),
  )
  await db.close()
  return digestOf([lengths.join(), JSON.stringify(many)])
}
