import { createCanvas } from 'canvas'
import { digestOf, inLanes, randomNumbers } from '../inputs.mjs'

function draw(i) {
  const random = randomNumbers(i)
  const canvas = createCanvas(1000, 700)
  const context = canvas.getContext('2d')
  for (let shape = 0; shape < 150; shape++) {
    context.fillStyle = `rgba(${random() * 255},${random() * 255},${random() * 255},0.5)`
    context.beginPath()
    context.arc(random() * 1000, random() * 700, 10 + random() * 60, 0, 6.3)
    context.fill()
  }
  return canvas
}

export default async function work() {
  const results = await inLanes(40, 8, (i) => {
    const canvas = draw(i)
    return new Promise((resolve, reject) =>
      canvas.toBuffer((error, bytes) => (error ? reject(error) : resolve(bytes)), 'image/png', {
        compressionLevel: 3,
      }),
    )
  })
  return digestOf(results)
}
