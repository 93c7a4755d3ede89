// npm run bench:places: how hard the places of memory are to guess, in bits. Runs a program of the C tests in many
// processes, which tells where a block of each kind and the C library lie.
//
// For each kind of block: the bits of its address, which an attacker without any address has to guess, and of its distance
// from the others, for an attacker with an address of theirs. `bits` is log2 of the number of steps from the lowest to the
// highest place that was found; the step is the largest power of two that divides all differences. That is the entropy
// if all places are about as likely. Two columns test it: the highest share of processes in one sixteenth of the range (6.25 % if all are
// alike), and the pairs of processes with the same place, beside the number to expect by `bits`. A distance between two
// random places is most often in the middle of its range: its entropy is 0.3 bits less than `bits`.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './run.mjs'

const { values } = parseArgs({ options: { processes: { type: 'string', default: '4096' } } })
const processes = Number(values.processes)
const program = path.join(root, 'build/ctest/native/test/test-process-layout')
const kinds = ['small block', 'large block', 'block of no bytes', 'C library']

if (!existsSync(program)) {
  console.error('build the C tests first: cmake --preset tests; cmake --build build/ctest')
  process.exit(2)
}

function places() {
  const told = execFileSync(program, ['child'])
  return kinds.map((_, i) => told.readBigUInt64LE(8 + 8 * i))
}

function row(name, found) {
  let differing = 0n
  for (const place of found) differing |= BigInt.asUintN(64, place - found[0])
  const step = differing & -differing
  const sorted = found
    .map((place) => (place - found[0]) / step)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const lowest = sorted[0]
  const range = Number(sorted.at(-1) - lowest) + 1
  const sixteenths = new Array(16).fill(0)
  let repeated = 0
  for (const [i, place] of sorted.entries()) {
    sixteenths[Math.floor((Number(place - lowest) / range) * 16)]++
    if (i > 0 && place === sorted[i - 1]) repeated++
  }
  const most = ((Math.max(...sixteenths) / found.length) * 100).toFixed(1)
  const expected = (found.length ** 2 / 2 / range).toFixed(3)
  return `| ${name} | ${Number(step) / 1024} KiB | ${Math.log2(range).toFixed(1)} | ${most} % | ${repeated} | ${expected} |`
}

const all = Array.from({ length: processes }, places)
console.log(`${processes} processes`)
console.log('\n| place | step | bits | most in a sixteenth | repeated | expected |')
console.log('|---|--:|--:|--:|--:|--:|')
for (const [i, kind] of kinds.entries())
  console.log(
    row(
      kind,
      all.map((one) => one[i]),
    ),
  )
console.log('\n| distance | step | bits | most in a sixteenth | repeated | expected |')
console.log('|---|--:|--:|--:|--:|--:|')
for (const [i, kind] of kinds.entries())
  for (let j = 0; j < i; j++)
    console.log(
      row(
        `${kinds[j]} to ${kind}`,
        all.map((one) => one[i] - one[j]),
      ),
    )
