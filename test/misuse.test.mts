import test, { type ExecutionContext } from 'ava'
import { codes, type ErrorCode, inspect, native, SuperslabError, stats } from 'superslab'
import { mappings, readMemory, writeMemory } from './support/process-memory.mjs'

/** Checks that the call throws this error, and neither frees nor leaks a block. */
function refused(t: ExecutionContext, code: ErrorCode, call: () => unknown): void {
  const before = stats().liveBlocks
  const error = t.throws(call, { instanceOf: SuperslabError })
  t.is(error?.code, code)
  t.is(error?.name, 'SuperslabError')
  t.true(error?.message.includes(codes[code]))
  t.is(stats().liveBlocks, before)
}

function everyUse(address: number): (() => unknown)[] {
  return [
    () => native.free(address),
    () => native.freeSized(address, 64),
    () => native.realloc(address, 128),
    () => native.usableSize(address),
  ]
}

for (const size of [64, 5000, 40_000, 3_000_000]) {
  test(`a block of ${size} bytes is freed once`, (t) => {
    const address = native.malloc(size)
    native.free(address)
    for (const use of everyUse(address)) refused(t, 'ERR_SUPERSLAB_DOUBLE_FREE', use)
  })

  test(`an address inside a block of ${size} bytes is no block`, (t) => {
    const address = native.malloc(size)
    for (const offset of [1, 8, 16, 48])
      for (const use of everyUse(address + offset)) refused(t, 'ERR_SUPERSLAB_INSIDE_BLOCK', use)
    native.free(address)
  })
}

test('an address that superslab never returned is no block', (t) => {
  const stack = mappings().find(({ name }) => name === '[stack]')
  for (const address of [1, 8, 4096, Number(stack?.start), 2 ** 47 - 4096, 2 ** 53 - 1])
    for (const use of everyUse(address)) refused(t, 'ERR_SUPERSLAB_UNKNOWN_POINTER', use)
})

test("an address of superslab's that holds nothing yet is no block", (t) => {
  native.free(native.malloc(64))
  const untouched = mappings().filter(({ start, access }) => {
    return access.startsWith('---') && inspect(start + 4096n).kind === 'unused'
  })
  t.true(untouched.length > 0)
  for (const { start } of untouched)
    for (const use of everyUse(Number(start) + 4096))
      refused(t, 'ERR_SUPERSLAB_UNKNOWN_POINTER', use)
})

test('a sized free checks the size', (t) => {
  const address = native.malloc(64)
  refused(t, 'ERR_SUPERSLAB_SIZE_MISMATCH', () => native.freeSized(address, 4096))
  native.free(address)
})

test('a failed request is an error, and the next one succeeds', (t) => {
  const block = native.malloc(64)
  const code = 'ERR_SUPERSLAB_OUT_OF_MEMORY'
  refused(t, code, () => native.malloc(2 ** 53 - 1))
  refused(t, code, () => native.malloc(2 ** 50))
  refused(t, code, () => native.calloc(2 ** 40, 2 ** 40))
  refused(t, code, () => native.alignedAlloc(4096, 2 ** 50))
  refused(t, code, () => native.alignedAlloc(2 ** 52, 16))
  refused(t, code, () => native.realloc(block, 2 ** 50))
  t.true(native.usableSize(block) >= 64)
  native.free(block)
})

test('an overwritten header is noticed, also one of another class', (t) => {
  const [address, other] = [native.malloc(64), native.malloc(1000)]
  const header = readMemory(address - 1, 1)
  const wrongHeaders: [Buffer, ErrorCode][] = [
    [Buffer.of(0), 'ERR_SUPERSLAB_CORRUPTED_HEADER'],
    [Buffer.of(255), 'ERR_SUPERSLAB_CORRUPTED_HEADER'],
    [readMemory(other - 1, 1), 'ERR_SUPERSLAB_WRONG_CLASS'],
  ]
  for (const [wrong, code] of wrongHeaders) {
    writeMemory(address - 1, wrong)
    for (const use of everyUse(address)) refused(t, code, use)
  }
  writeMemory(address - 1, header)
  native.free(address)
  native.free(other)
})
