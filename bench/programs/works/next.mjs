import { createServer } from 'node:http'
import path from 'node:path'
import next from 'next'
import { digestOf, inLanes } from '../inputs.mjs'

const dir = path.join(import.meta.dirname, '../next-app')

export default async function work() {
  const app = next({ dev: false, dir, quiet: true })
  await app.prepare()
  const handle = app.getRequestHandler()
  const server = createServer((request, response) => handle(request, response)).listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${server.address().port}/?n=`
  const results = await inLanes(200, 16, async (i) => (await fetch(`${url}${i}`)).text())
  server.closeAllConnections()
  return digestOf(results)
}
