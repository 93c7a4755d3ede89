// The work of bench/profile.mjs: node profile-child.mjs json|express AMOUNT [folder with express]. Prints the processor
// time and the peak of the resident memory of this process.
import { createRequire } from 'node:module'
import path from 'node:path'

const [, , work, amount, folder] = process.argv

/** What a service does with JSON: read it, change it, write it. */
function json(count) {
  const order = {
    id: 1,
    customer: { name: 'Ada', address: { street: 'Main Road 1', city: 'Springfield' } },
    items: Array.from({ length: 40 }, (_, i) => ({ sku: `sku-${i}`, count: i, price: i * 1.25 })),
  }
  let text = JSON.stringify(order)
  let total = 0
  for (let i = 0; i < count; i++) {
    const read = JSON.parse(text)
    read.id = i
    total += read.items.reduce((sum, { count, price }) => sum + count * price, 0)
    text = JSON.stringify(read)
  }
  return total
}

/** An Express app; its client is another process, so that only the server is measured. */
function express(count) {
  const require = createRequire(path.join(folder, 'package.json'))
  const express = require('express')
  const app = express()
  app.use(express.json({ limit: '1mb' }))
  app.post('/orders/:id', (request, response) => {
    const { items = [] } = request.body
    const total = items.reduce((sum, { count, price }) => sum + count * price, 0)
    response.json({ id: request.params.id, total, padding: 'x'.repeat(2000) })
  })
  app.get('/file', (_request, response) => response.send(Buffer.alloc(64 * 1024, 'a line\n')))
  return new Promise((resolve) => {
    let left = count
    const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
    server.keepAliveTimeout = 600_000 // on a busy machine the client may pause
    server.on('request', (_request, response) =>
      response.on('close', () => {
        if (--left === 0) server.close(resolve)
      }),
    )
  })
}

// What comes before is not measured: start-up, modules, and the first code of the compilers.
if (work === 'json') json(Number(amount) / 10)
const before = process.cpuUsage()
await { json, express }[work](Number(amount))
const { user, system } = process.cpuUsage(before)
const peak = process.resourceUsage().maxRSS * 1024
console.log(JSON.stringify({ seconds: (user + system) / 1e6, peak }))
process.exit()
