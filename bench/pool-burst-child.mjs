// One process of pool-burst.mjs --work compress: prints its figures as JSON.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import zlib from 'node:zlib'

const { seconds, idle } = JSON.parse(process.argv[2])
const CONCURRENT = 64
const SIZE_MIN = 2 << 10
const SIZE_MAX = 1 << 20
const operations = [zlib.gzip, zlib.gunzip, zlib.brotliCompress].map((one) => promisify(one))
const quality = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }

// mulberry32: the same sequence in every run.
let state = 42
function random() {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

/** Text-like: words of a small vocabulary. */
function contents(size) {
  const buffer = Buffer.alloc(size)
  for (let at = 0; at < size; )
    at += buffer.write(`${(random() * 5000) | 0},`, at, 'latin1') || size
  return buffer
}

const plain = Array.from({ length: CONCURRENT }, () =>
  contents(Math.round(SIZE_MIN * (SIZE_MAX / SIZE_MIN) ** random())),
)
const zipped = plain.map((buffer) => zlib.gzipSync(buffer))

async function one() {
  const kind = (random() * 3) | 0
  const at = (random() * CONCURRENT) | 0
  await operations[kind](kind === 1 ? zipped[at] : plain[at], kind === 2 ? quality : {})
}

const rss = () =>
  Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1000
const engine = () => {
  const { heapTotal, external } = process.memoryUsage()
  return (heapTotal + external) / 1e6
}

async function burst() {
  const end = Date.now() + seconds * 1000
  const before = process.cpuUsage()
  let count = 0
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, rss())
  }, 50)
  const lane = async () => {
    for (; Date.now() < end; count++) await one()
  }
  await Promise.all(Array.from({ length: CONCURRENT }, lane))
  clearInterval(watch)
  const { user, system } = process.cpuUsage(before)
  await sleep(idle * 1000)
  return { peak, after: rss(), v8: engine(), cpu: (user + system) / 1000 / count }
}

await sleep(500)
const [before, grown] = [rss(), engine()]
const first = await burst()
const second = await burst()
console.log(
  JSON.stringify({
    figures: {
      before,
      ...first,
      v8: first.v8 - grown,
      peak2: second.peak,
      after2: second.after,
      v82: second.v8 - grown,
      cpu2: second.cpu,
    },
    maps: readFileSync('/proc/self/maps', 'utf8'),
  }),
)
