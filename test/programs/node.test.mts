import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  plain,
  programTest,
  sameOutput,
  served,
  temporaryFolder,
  wasServed,
} from '../support/programs.mjs'

const pool = `
const { createHash, pbkdf2, scrypt, randomFill, generateKeyPair } = require('node:crypto')
const zlib = require('node:zlib')
const { promisify } = require('node:util')
const names = ['gzip', 'gunzip', 'deflate', 'inflate', 'brotliCompress', 'brotliDecompress']
const [gzip, gunzip, deflate, inflate, brotli, unbrotli] = names.map((name) => promisify(zlib[name]))
const hash = createHash('sha256')
async function one(i) {
  const input = Buffer.alloc(2000 + ((i * 7919) % 300000), 'superslab ' + i)
  const parts = await Promise.all([
    gzip(input).then(gunzip),
    deflate(input).then(inflate),
    brotli(input, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }).then(unbrotli),
    promisify(pbkdf2)('secret', 'salt' + i, 100, 64, 'sha512'),
    promisify(scrypt)('secret', 'salt' + i, 64, { N: 1024 }),
    promisify(randomFill)(Buffer.alloc(10000)).then(() => Buffer.alloc(1)),
  ])
  return Buffer.concat(parts)
}
async function main() {
  for (let round = 0; round < 3; round++)
    for (const part of await Promise.all(Array.from({ length: 24 }, (_, i) => one(i)))) hash.update(part)
  await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  console.log(hash.digest('hex'))
}
main()
`

programTest('node: zlib and crypto on the pool', { commands: ['node'] }, async (t) => {
  const script = path.join(temporaryFolder(t), 'pool.cjs')
  writeFileSync(script, pool)
  await sameOutput(t, ['node', script], /pool\.cjs/, { env: { UV_THREADPOOL_SIZE: '8' } })
})

const workers = `
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
if (isMainThread) {
  const results = []
  let running = 0
  const start = (index) => {
    running++
    const worker = new Worker(__filename, { workerData: index })
    worker.on('message', ({ digest, buffer }) => results.push([index, digest, buffer.length]))
    worker.on('exit', (code) => {
      if (code !== 0) process.exitCode = 1
      if (--running === 0) console.log(JSON.stringify(results.sort((a, b) => a[0] - b[0])))
    })
  }
  for (let i = 0; i < 12; i++) start(i)
} else {
  const text = JSON.stringify(Array.from({ length: 5000 }, (_, i) => ({ i, name: 'n' + i * workerData })))
  let digest = 0
  for (let round = 0; round < 10; round++)
    for (const { i, name } of JSON.parse(text)) digest = (digest * 31 + i + name.length) % 1000000007
  const buffers = Array.from({ length: 200 }, (_, i) => Buffer.alloc(100 + i * 997, i))
  parentPort.postMessage({ digest, buffer: Buffer.concat(buffers) })
}
`

programTest('node: worker threads', { commands: ['node'] }, async (t) => {
  const script = path.join(temporaryFolder(t), 'workers.cjs')
  writeFileSync(script, workers)
  await sameOutput(t, ['node', script], /workers\.cjs/)
})

programTest(
  'node: 500 workers that end leave no memory behind',
  { commands: ['node'], long: true },
  async (t) => {
    const growth = async (allocator: string) => {
      const args = ['bench/worker-ends.mjs', '--workers', '500', '--warm', '100']
      const { code, stdout, stderr } = await plain(['node', ...args, '--allocators', allocator])
      t.is(code, 0, stderr)
      return Number(stdout.match(/growth (-?[\d.]+)$/m)?.[1])
    }
    const [own, systems] = [await growth('superslab'), await growth('system')]
    t.true(own <= systems + 4, `${own} MiB, ${systems} under the system's malloc`)
  },
)

/** Of the names and contents of all files below. */
function digestTree(folder: string): string {
  const hash = createHash('sha256')
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((one) => ({ one, file: path.join(one.parentPath, one.name) }))
    .sort((a, b) => (a.file < b.file ? -1 : 1))) {
    const name = path.relative(folder, entry.file)
    // npm keeps the time of the installation here.
    if (!entry.one.isFile() || name === '.package-lock.json') continue
    hash.update(name).update(readFileSync(entry.file))
  }
  return hash.digest('hex')
}

programTest("node: npm ci of this package's tree", { commands: ['npm'], long: true }, async (t) => {
  const command = ['npm', 'ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  const tree = (name: string) => {
    const folder = path.join(temporaryFolder(t), name)
    mkdirSync(folder)
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(file, path.join(folder, file))
    return folder
  }
  const [one, other] = [tree('plain'), tree('served')]
  const expected = await plain(command, { cwd: one })
  t.is(expected.code, 0, expected.stderr)
  const actual = await served(t, command, { cwd: other, children: 'node' })
  t.is(actual.code, 0, actual.stderr)
  t.is(digestTree(path.join(other, 'node_modules')), digestTree(path.join(one, 'node_modules')))
  wasServed(t, actual.served, /npm/)
})
