import { closeSync, openSync, writeSync } from 'node:fs'
import type { Program } from './program'

// native/bench/replay.h has the same.
const magic = 0x59414c50
const version = 1
const headWords = 8
const threadWords = 8

/** Writes a program for superslab-bench. Its format may change with any version, so the file is temporary. */
export function writeProgram(file: string, { threads, slots, epochs, calls }: Program): void {
  const head = new Uint32Array(headWords)
  head.set([magic, version, threads.length, slots, epochs.length, 0, calls % 2 ** 32])
  head[7] = Math.floor(calls / 2 ** 32)
  const table = new Uint32Array(threads.length * threadWords)
  for (const [index, { words, firstEpoch }] of threads.entries())
    table.set([words.count, firstEpoch], index * threadWords)
  const descriptor = openSync(file, 'w', 0o600)
  try {
    write(descriptor, head)
    write(descriptor, table)
    write(descriptor, Uint32Array.from(epochs))
    for (const { words } of threads) write(descriptor, words.all.subarray(0, words.count * 2))
  } finally {
    closeSync(descriptor)
  }
}

function write(descriptor: number, words: Uint32Array): void {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
}
