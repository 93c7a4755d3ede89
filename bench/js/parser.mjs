// A program that reads framed messages of 1 to 64 KB from a socket on loopback: four bytes of length, then as many of
// payload. Each message is a Buffer of its own, of superslab or by Buffer.allocUnsafe. A fixed number of them is in flight
// at once: when a message comes, one of them, drawn with seed 42, is freed. With `none` all messages are views of one
// Buffer, which shows what the program takes besides its messages. The sender is another process. Pauses of the garbage
// collector and RSS are those of the reader.
import { fork } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { PerformanceObserver } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { resident } from './mappings.mjs'

const messages = 200_000
const sizes = { least: 1024, most: 65_536 }

/** A step of the generator, of which only the upper bits are used. */
const next = (state) => (Math.imul(state, 1664525) + 1013904223) | 0

/** The sender: one batch of frames, again and again. */
function send() {
  let state = 42
  const frames = []
  for (let i = 0; i < 500; i++) {
    state = next(state)
    const frame = Buffer.alloc(4 + sizes.least + ((state >>> 8) % (sizes.most - sizes.least)), i)
    frame.writeUInt32LE(frame.length - 4)
    frames.push(frame)
  }
  const batch = Buffer.concat(frames)
  const server = createServer((socket) => {
    let left = messages / frames.length
    const more = () => {
      while (left-- > 0) if (!socket.write(batch)) return
      socket.end()
    }
    socket.on('drain', more)
    more()
    socket.on('close', () => server.close())
  })
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
}

/** Calls `received` with each message. */
function parser(alloc, received) {
  const head = Buffer.alloc(4)
  let headFilled = 0
  let message
  let filled = 0
  return (chunk, length) => {
    for (let at = 0; at < length; ) {
      if (message === undefined) {
        while (headFilled < 4 && at < length) head[headFilled++] = chunk[at++]
        if (headFilled < 4) return
        message = alloc(head.readUInt32LE())
        filled = 0
      }
      const part = Math.min(message.length - filled, length - at)
      message.set(chunk.subarray(at, at + part), filled)
      filled += part
      at += part
      if (filled === message.length) {
        received(message)
        message = undefined
        headFilled = 0
      }
    }
  }
}

const ways = {
  async alloc() {
    const { address, alloc, free, stats } = await import('superslab')
    const window = () => ({ address: address(alloc(1)), limit: stats().heap.limitBytes })
    return { alloc, free, window }
  },
  allocUnsafe: () => ({ alloc: Buffer.allocUnsafe, free() {} }),
  none() {
    const all = Buffer.alloc(sizes.most)
    return { alloc: (size) => all.subarray(0, size), free() {} }
  },
}

export async function parse(way, inFlight) {
  const { alloc, free, window } = await ways[way]()
  const sender = fork(fileURLToPath(import.meta.url), { execArgv: [] })
  const port = await new Promise((resolve) => sender.once('message', resolve))
  const pauses = []
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauses.push(duration)
  })
  observer.observe({ entryTypes: ['gc'] })
  const working = new Array(inFlight).fill(undefined)
  let count = 0
  let bytes = 0
  let state = 42
  const received = (message) => {
    bytes += message.length + message[0]
    state = next(state)
    const at = count < inFlight ? count : (state >>> 8) % inFlight
    count++
    if (working[at] !== undefined) free(working[at])
    working[at] = message
  }
  const take = parser(alloc, received)
  let peak = 0
  let sum = 0
  let samples = 0
  const sample = () => {
    const rss = process.memoryUsage.rss()
    peak = Math.max(peak, rss)
    sum += rss
    samples++
  }
  const sampling = setInterval(sample, 10)
  const start = performance.now()
  await new Promise((resolve, reject) => {
    const onread = {
      buffer: Buffer.alloc(65_536),
      callback: (length, buffer) => {
        take(buffer, length)
        return true
      },
    }
    connect({ port, host: '127.0.0.1', onread }).on('close', resolve).on('error', reject)
  })
  const milliseconds = performance.now() - start
  clearInterval(sampling)
  sample()
  const mappings = resident(window?.())
  await new Promise((resolve) => setTimeout(resolve, 50)) // the observer is called later
  observer.disconnect()
  if (count !== messages) throw new Error(`${count} messages of ${messages} came`)
  return {
    milliseconds,
    pauses: pauses.length,
    pauseMilliseconds: pauses.reduce((total, duration) => total + duration, 0),
    meanRssBytes: sum / samples,
    peakRssBytes: peak,
    bytes,
    ...mappings,
  }
}

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) send()
