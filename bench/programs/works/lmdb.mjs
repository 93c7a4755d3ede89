import path from 'node:path'
import { open } from 'lmdb'
import { digestOf, inLanes, randomNumbers } from '../inputs.mjs'

export default async function work(folder) {
  const random = randomNumbers(5)
  const db = open({ path: path.join(folder, 'store'), compression: true, noSync: true })
  for (let round = 0; round < 12; round++) {
    const puts = []
    for (let i = 0; i < 5000; i++) {
      const text = `value ${i} `.repeat(20 + random() * 100)
      puts.push(db.put(`key-${(random() * 30000) | 0}`, { round, i, text }))
    }
    await Promise.all(puts)
  }
  const read = [...db.getRange({ limit: 20_000 })].map(({ key, value }) => key + value.text.length)
  const many = await inLanes(20, 4, (i) =>
    db.getMany(Array.from({ length: 500 }, (_, j) => `key-${i * 500 + j}`)),
  )
  await db.close()
  return digestOf([JSON.stringify(read), JSON.stringify(many)])
}
