// An ordinary Express app that has no code for superslab: `npm start` runs it with superslab as its malloc. The memory of
// its native work (here: compression in libuv's threads) goes back to the system when the app is idle again.
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import express from 'express'
import { active, stats } from 'superslab'
import { prometheusText } from 'superslab/metrics'

const app = express()

app.get('/report', async (_request, response) => {
  const text = Buffer.concat([Buffer.alloc(1 << 20, 'a line of a report\n'), randomBytes(1 << 16)])
  response
    .set('content-encoding', 'gzip')
    .type('text')
    .send(await promisify(gzip)(text))
})

app.get('/health', (_request, response) => {
  response.json({ active, liveBytes: stats().liveBytes })
})

app.get('/metrics', (_request, response) => {
  response.type('text').send(prometheusText())
})

const server = app.listen(process.env.PORT ?? 3000, () =>
  console.log(`listening on ${server.address().port}`),
)
process.on('SIGTERM', () => server.close())
