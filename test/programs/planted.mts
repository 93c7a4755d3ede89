// Allocates at known sites, the same number of bytes at each, and keeps all of it: what a profile must find.
// node planted.mjs ADDON BLOCKS [RAW]: blocks of 48 KiB each. With RAW, has the profile written to that file while the
// worker holds its blocks, which end with it, and ends so that none is written afterwards.

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const blockBytes = 48 * 1024
const kept: unknown[] = []

interface Planted {
  plainMalloc(bytes: number): void
  externalBuffer(bytes: number): Buffer
  cppNew(bytes: number): void
}

function depthThree(): void {
  kept.push(Buffer.alloc(blockBytes))
}

function depthTwo(): void {
  depthThree()
}

function depthOne(): void {
  depthTwo()
}

async function asynchronous(): Promise<void> {
  await null
  kept.push(Buffer.allocUnsafeSlow(blockBytes))
}

class Store {
  keepInStore(): void {
    kept.push(new Uint8Array(blockBytes))
  }
}

function inWorker(): void {
  kept.push(Buffer.alloc(blockBytes))
}

function throughMalloc(addon: Planted): void {
  addon.plainMalloc(blockBytes)
}

function throughExternal(addon: Planted): void {
  kept.push(addon.externalBuffer(blockBytes))
}

function throughNew(addon: Planted): void {
  addon.cppNew(blockBytes)
}

if (isMainThread) {
  const blocks = Number(process.argv[3] ?? 1000)
  const addon = createRequire(import.meta.url)(process.argv[2] ?? '') as Planted
  const store = new Store()
  for (let i = 0; i < blocks; i++) {
    depthOne()
    await asynchronous()
    store.keepInStore()
    throughMalloc(addon)
    throughExternal(addon)
    throughNew(addon)
  }
  const worker = new Worker(new URL(import.meta.url), { workerData: blocks })
  await once(worker, 'message')
  console.log(JSON.stringify({ pid: process.pid, bytes: blocks * blockBytes }))
  const raw = process.argv[4]
  if (raw === undefined) process.exit()
  process.kill(process.pid, 'SIGUSR2')
  while (!existsSync(raw)) {
    kept.push(Buffer.alloc(1000))
    await setTimeout(1)
  }
  process.kill(process.pid, 'SIGKILL')
} else {
  for (let i = 0; i < workerData; i++) inWorker()
  parentPort?.postMessage('done')
  setInterval(() => kept.length, 1000)
}
