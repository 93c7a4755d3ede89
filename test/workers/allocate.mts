// Allocates, frees half, posts the rest and ends in the given way.
import { parentPort, workerData } from 'node:worker_threads'
import { native } from 'superslab'

const { sizes, end } = workerData as { sizes: number[]; end: 'return' | 'exit' | 'throw' | 'wait' }

const blocks = sizes.map(native.malloc)
const [kept, freed] = [blocks.filter((_, i) => i % 2 === 0), blocks.filter((_, i) => i % 2 === 1)]
freed.forEach(native.free)
parentPort?.postMessage(kept)

if (end === 'exit') process.exit(0)
if (end === 'throw') throw new Error('as it was told')
if (end === 'wait') setInterval(() => {}, 1000)
