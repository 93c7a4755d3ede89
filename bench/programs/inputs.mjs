// Inputs that are the same in every run, and the digest by which outputs are compared.
import { createHash } from 'node:crypto'

/** mulberry32: a sequence of numbers from 0 to 1. */
export function randomNumbers(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Text of a small vocabulary, which compresses about as well as JSON does. */
export function textOf(bytes, seed) {
  const random = randomNumbers(seed)
  const buffer = Buffer.alloc(bytes)
  for (let at = 0; at < bytes; ) at += buffer.write(`${(random() * 5000) | 0},`, at, 'latin1')
  return buffer
}

/** Pixels of smooth colours with some noise, as a photograph has. */
export function pixelsOf(width, height, channels, seed) {
  const random = randomNumbers(seed)
  const pixels = Buffer.alloc(width * height * channels)
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++, at++)
        pixels[at] = 128 + 90 * Math.sin((x * (c + 1)) / 190 + y / 130) + 24 * random()
  return pixels
}

/** A digest of parts in their order. */
export function digestOf(parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(typeof part === 'string' ? part : Buffer.from(part))
  return hash.digest('hex').slice(0, 16)
}

/** Calls `one` for 0 to `count` - 1, `lanes` at a time, and returns the results in order. */
export async function inLanes(count, lanes, one) {
  const results = new Array(count)
  let next = 0
  const lane = async () => {
    while (next < count) {
      const i = next++
      results[i] = await one(i)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}
