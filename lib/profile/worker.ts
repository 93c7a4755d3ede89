/* Gives a profile its names in a thread of its own: reading the symbols of Node takes a quarter of a second. */
import { parentPort, workerData } from 'node:worker_threads'
import { named } from './names'
import { toPprof } from './pprof'
import { parseRaw } from './raw'

const { text, format } = workerData as { text: string; format: 'object' | 'pprof' }
const profile = named(parseRaw(text, 'the snapshot'))
parentPort?.postMessage(format === 'pprof' ? toPprof(profile) : profile)
