import argon2 from 'argon2'
import { digestOf, inLanes } from '../inputs.mjs'

export default async function work() {
  const options = { memoryCost: 19456, timeCost: 2, parallelism: 1 }
  const results = await inLanes(80, 8, (i) =>
    argon2.hash(`password ${i}`, { ...options, salt: Buffer.alloc(16, i), raw: true }),
  )
  return digestOf(results)
}
