import { createCanvas } from '@napi-rs/canvas'
import { digestOf, inLanes, randomNumbers } from '../inputs.mjs'

export default async function work() {
  const results = await inLanes(24, 8, async (i) => {
    const random = randomNumbers(i)
    const canvas = createCanvas(1200, 800)
    const context = canvas.getContext('2d')
    for (let shape = 0; shape < 400; shape++) {
      context.fillStyle = `rgba(${random() * 255},${random() * 255},${random() * 255},0.5)`
      context.beginPath()
      context.arc(random() * 1200, random() * 800, 10 + random() * 90, 0, 6.3)
      context.fill()
    }
    return canvas.encode(i % 2 === 0 ? 'png' : 'webp')
  })
  return digestOf(results)
}
