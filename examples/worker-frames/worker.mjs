import { parentPort } from 'node:worker_threads'

parentPort.on('message', (frame) => {
  if (frame === 'end') {
    parentPort.close()
    return
  }
  for (let i = 0; i < frame.length; i += 4) frame[i] = frame[i] + 50
  parentPort.postMessage(frame) // back, without a copy either
})
