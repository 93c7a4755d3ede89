// Checks the blocks that it receives, frees half of them, adds some of its own, passes all on and ends in the given way.
import { parentPort, workerData } from 'node:worker_threads'
import { native } from 'superslab'
import { intact, type Marked, mark } from '../support/marked.mjs'

const { blocks, sizes, seed, end } = workerData as {
  blocks: Marked[]
  sizes: number[]
  seed: number
  end: 'exit' | 'throw' | 'wait'
}

const spoiled = blocks.filter((block) => !intact(block)).length
for (const { address } of blocks.filter((_, i) => i % 2 === 0)) native.free(address)
const kept = blocks.filter((_, i) => i % 2 === 1)
const own = sizes.map((size, i) => mark({ address: native.malloc(size), size, seed: seed + i }))
parentPort?.postMessage({ spoiled, blocks: [...kept, ...own] })

if (end === 'exit') process.exit(0)
if (end === 'throw') throw new Error('as it was told')
if (end === 'wait') setInterval(() => {}, 1000)
