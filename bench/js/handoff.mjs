// A block of 1 MiB goes to a worker, which writes to it, and back: as a Buffer of superslab, whose memory is shared, or
// as an ordinary one, which postMessage copies both ways. Eight are on the way at once. Microseconds per round trip.
import { Worker } from 'node:worker_threads'

const size = 2 ** 20
const onTheWay = 8
const trips = { shared: 20_000, copied: 1000 }

const code = `require('node:worker_threads').parentPort.on('message', function (view) {
  view[0]++
  this.postMessage(view)
})`

export async function handoff(kind) {
  const { alloc, free } = await import('superslab')
  const worker = new Worker(code, { eval: true, execArgv: [] })
  const run = (count) =>
    new Promise((resolve) => {
      let sent = 0
      let received = 0
      const send = (view) => {
        sent++
        worker.postMessage(view)
      }
      const receive = (view) => {
        if (++received === count) {
          worker.off('message', receive)
          resolve()
        } else if (sent < count) send(view)
      }
      worker.on('message', receive)
      while (sent < onTheWay) send(kind === 'shared' ? alloc(size) : Buffer.alloc(size))
    })
  await run(trips[kind] / 10)
  const start = performance.now()
  await run(trips[kind])
  const time = performance.now() - start
  await worker.terminate()
  free(alloc(1))
  return { microseconds: (time / trips[kind]) * 1000 }
}
