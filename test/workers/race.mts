// Frees every block in the same moment as another thread does, through the copy of the package in `root`.
import { parentPort, workerData } from 'node:worker_threads'
import { load } from '#dist/load'

const { blocks, gate, root } = workerData as { blocks: number[]; gate: Int32Array; root?: string }

const addon = load(root) as { free(address: number): number }
parentPort?.postMessage(
  blocks.map((address, i) => {
    Atomics.add(gate, 0, 1)
    while (Atomics.load(gate, 0) < 2 * (i + 1));
    return addon.free(address)
  }),
)
