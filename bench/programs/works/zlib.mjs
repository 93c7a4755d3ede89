import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { digestOf, inLanes, textOf } from '../inputs.mjs'

const [gzip, gunzip, brotli, unbrotli] = [
  zlib.gzip,
  zlib.gunzip,
  zlib.brotliCompress,
  zlib.brotliDecompress,
].map((one) => promisify(one))
const quality = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }

export default async function work() {
  const texts = Array.from({ length: 24 }, (_, i) => textOf(40_000 * (1 + (i % 12)), i))
  const results = await inLanes(192, 48, async (i) => {
    const text = texts[i % texts.length]
    const packed = i % 2 === 0 ? await gzip(text) : await brotli(text, quality)
    const unpacked = i % 2 === 0 ? await gunzip(packed) : await unbrotli(packed)
    return digestOf([packed, unpacked])
  })
  return digestOf(results)
}
