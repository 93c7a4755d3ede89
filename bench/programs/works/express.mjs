import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import express from 'express'
import multer from 'multer'
import { digestOf, inLanes, textOf } from '../inputs.mjs'

const gzip = promisify(zlib.gzip)

export default async function work() {
  const app = express()
  app.post('/upload', multer().single('file'), async ({ file }, response) => {
    const packed = await gzip(file.buffer, { level: 1 })
    response.json({
      bytes: file.size,
      digest: createHash('sha256').update(packed).digest('hex'),
    })
  })
  const server = app.listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${server.address().port}/upload`
  const text = textOf(2 << 20, 11)
  const results = await inLanes(96, 16, async (i) => {
    const form = new FormData()
    form.append('file', new Blob([text.subarray(0, (1 + (i % 8)) * (256 << 10))]), `${i}.txt`)
    return (await fetch(url, { method: 'POST', body: form })).text()
  })
  server.closeAllConnections()
  return digestOf(results)
}
