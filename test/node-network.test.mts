import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, createConnection, createServer as createTcpServer } from 'node:net'
import test from 'ava'
import { alloc, free, Scope, stats } from 'superslab'
import { pattern } from './support/pattern.mjs'

// Sockets send Buffers and receive into them.

test.serial('a socket sends Buffers, and each may be freed when it has been written', async (t) => {
  const before = stats().heap.liveBlocks
  const received: Buffer[] = []
  const server = createTcpServer((socket) => {
    socket.on('data', (chunk) => received.push(chunk))
    socket.on('end', () => socket.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = createConnection((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const expected: Buffer[] = []
  let written = 0
  for (let i = 0; i < 100; i++) {
    const buffer = pattern(alloc(1000 * i), i)
    expected.push(Buffer.from(buffer))
    socket.write(buffer, () => {
      free(buffer)
      written++
    })
  }
  socket.end()
  socket.resume()
  await once(socket, 'close')
  server.close()
  t.true(Buffer.concat(received).equals(Buffer.concat(expected)))
  t.is(written, 100)
  t.is(stats().heap.liveBlocks, before)
})

test.serial('a socket receives into a Buffer (onread)', async (t) => {
  const content = pattern(Buffer.alloc(500_000), 1)
  const server = createTcpServer((socket) => socket.end(content))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const buffer = alloc(65_536)
  const received: Buffer[] = []
  const socket = createConnection({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    onread: {
      buffer,
      callback: (bytes, into) => {
        t.is(into, buffer)
        received.push(Buffer.from(into.subarray(0, bytes)))
        return true
      },
    },
  })
  await once(socket, 'close')
  server.close()
  free(buffer)
  t.true(Buffer.concat(received).equals(content))
})

test.serial('http carries Buffers in requests and responses', async (t) => {
  await Scope.run(async (scope) => {
    const [question, answer] = [pattern(scope.alloc(100_000), 2), pattern(scope.alloc(200_000), 3)]
    const server = createServer(async (message, response) => {
      const parts: Buffer[] = []
      for await (const part of message) parts.push(part as Buffer)
      t.true(Buffer.concat(parts).equals(question))
      response.write(answer.subarray(0, 1000))
      response.end(answer.subarray(1000))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const asking = request({ port: (server.address() as AddressInfo).port, method: 'POST' })
    asking.write(question.subarray(0, 10))
    asking.end(question.subarray(10))
    const [message] = await once(asking, 'response')
    const parts: Buffer[] = []
    for await (const part of message) parts.push(part as Buffer)
    t.true(Buffer.concat(parts).equals(answer))
    server.closeAllConnections()
    server.close()
  })
})

test.serial('a datagram is sent from Buffers', async (t) => {
  await Scope.run(async (scope) => {
    const receiver = createSocket('udp4')
    receiver.bind(0, '127.0.0.1')
    await once(receiver, 'listening')
    const sender = createSocket('udp4')
    const parts = [pattern(scope.alloc(100), 4), pattern(scope.alloc(900), 5)]
    sender.send(parts, receiver.address().port, '127.0.0.1')
    const [message] = await once(receiver, 'message')
    t.true(message.equals(Buffer.concat(parts)))
    sender.close()
    receiver.close()
  })
})
