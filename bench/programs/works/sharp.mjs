import sharp from 'sharp'
import { digestOf, inLanes, pixelsOf } from '../inputs.mjs'

const [width, height] = [2400, 1600]

export default async function work() {
  // Without this sharp uses one thread under glibc's malloc and several under jemalloc.
  sharp.concurrency(8)
  sharp.cache(false)
  const raw = { width, height, channels: 3 }
  const photo = await sharp(pixelsOf(width, height, 3, 1), { raw })
    .jpeg({ quality: 90 })
    .toBuffer()
  const results = await inLanes(80, 8, (i) => {
    const image = sharp(photo)
      .resize(320 + 40 * (i % 16))
      .rotate(i % 4 === 0 ? 90 : 0)
    return (i % 2 === 0 ? image.jpeg() : image.webp({ effort: 1 })).toBuffer()
  })
  return digestOf(results)
}
