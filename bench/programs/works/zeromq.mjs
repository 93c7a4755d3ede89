import path from 'node:path'
import { Pull, Push } from 'zeromq'
import { digestOf, textOf } from '../inputs.mjs'

const MESSAGES = 60_000

export default async function work(folder) {
  const address = `ipc://${path.join(folder, 'socket')}`
  const pull = new Pull()
  await pull.bind(address)
  const push = new Push({ sendHighWaterMark: 5000 })
  push.connect(address)
  const text = textOf(64 << 10, 1)
  const sending = (async () => {
    for (let i = 0; i < MESSAGES; i++)
      await push.send([`${i}`, text.subarray(0, (i * 37) % (8 << 10))])
  })()
  const lengths = []
  for await (const [head, body] of pull) {
    lengths.push(head.toString(), body.length, body[body.length >> 1])
    if (lengths.length === 3 * MESSAGES) break
  }
  await sending
  push.close()
  pull.close()
  return digestOf([lengths.join()])
}
