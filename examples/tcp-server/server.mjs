// A server that frees the memory of a request with the request: a Scope frees all its Buffers when it is left, also by an
// exception. A request is the length of a text in four bytes and the text; the answer is the text in capitals.
import { createServer } from 'node:net'
import { alloc, free, Scope, stats } from 'superslab'

const LIMIT_BYTES = 1 << 20

/** Reads requests off a connection until it ends. */
async function serve(socket) {
  let pending = alloc(64 << 10)
  let filled = 0
  try {
    for await (const chunk of socket) {
      if (filled + chunk.length > pending.length)
        pending = larger(pending, filled, filled + chunk.length)
      pending.set(chunk, filled)
      filled += chunk.length
      let taken = 0
      while (filled - taken >= 4) {
        const bytes = pending.readUInt32BE(taken)
        if (bytes > LIMIT_BYTES) throw new Error(`a request of ${bytes} bytes`)
        if (filled - taken - 4 < bytes) break
        await answer(socket, pending.subarray(taken + 4, taken + 4 + bytes))
        taken += 4 + bytes
      }
      pending.copyWithin(0, taken, filled)
      filled -= taken
    }
  } catch (error) {
    socket.destroy(error)
  } finally {
    free(pending)
  }
}

function larger(buffer, filled, bytes) {
  const next = alloc(2 ** Math.ceil(Math.log2(bytes)))
  next.set(buffer.subarray(0, filled))
  free(buffer)
  return next
}

/** The Buffers of the answer live until the socket has taken it. */
async function answer(socket, text) {
  await Scope.run(async (scope) => {
    const reply = scope.alloc(4 + text.length)
    reply.writeUInt32BE(text.length)
    for (const [i, byte] of text.entries()) reply[4 + i] = isSmall(byte) ? byte - 32 : byte
    await new Promise((resolve, reject) =>
      socket.write(reply, (error) => (error ? reject(error) : resolve())),
    )
  })
}

const isSmall = (byte) => byte >= 97 && byte <= 122

const server = createServer(serve)
server.listen(process.env.PORT ?? 7000, '127.0.0.1', () =>
  console.log(`listening on ${server.address().port}`),
)
process.on('SIGTERM', () =>
  server.close(() => console.log(`blocks left: ${stats().heap.liveBlocks}`)),
)
