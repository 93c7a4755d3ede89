import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import test from 'ava'
import { info, native } from 'superslab'

interface Range {
  start: number
  end: number
  rights: string
}

/** The bytes of addresses that an ELF file of 64 bits takes, zeroed data included. */
function extent(file: string): number {
  const bytes = readFileSync(file)
  const first = Number(bytes.readBigUInt64LE(32))
  const size = bytes.readUInt16LE(54)
  const ends = Array.from({ length: bytes.readUInt16LE(56) }, (_, i) => {
    const header = bytes.subarray(first + i * size)
    const isLoaded = header.readUInt32LE(0) === 1
    return isLoaded ? Number(header.readBigUInt64LE(16) + header.readBigUInt64LE(40)) : 0
  })
  return Math.max(...ends)
}

/** The mappings of this process that belong to the addon, or hold code. What lies right behind it may be another's. */
function mappings(file: string): { own: Range[]; code: Range[] } {
  const all = readFileSync('/proc/self/maps', 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [, first = '', second = '', rights = '', path = ''] =
        line.match(/^(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)$/) ?? []
      return { start: Number.parseInt(first, 16), end: Number.parseInt(second, 16), rights, path }
    })
  const begin = all.find(({ path }) => path === file)?.start ?? Number.NaN
  const end = begin + extent(file)
  const own = all
    .filter(({ start }) => start >= begin && start < end)
    .map((range) => ({ ...range, end: Math.min(range.end, Math.floor(end / 8) * 8) }))
  return { own, code: all.filter(({ rights }) => rights[2] === 'x') }
}

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('no pointer to code lies in writable memory of the addon', (t) => {
  native.free(native.malloc(100))
  const { own, code } = mappings(info().file)
  const memory = openSync('/proc/self/mem', 'r')
  t.teardown(() => closeSync(memory))
  const writable = own.filter(({ rights }) => rights[1] === 'w')
  t.true(writable.length > 0)
  for (const { start, end } of writable) {
    const bytes = Buffer.alloc(end - start)
    t.is(readSync(memory, bytes, 0, bytes.length, start), bytes.length)
    for (let at = 0; at < bytes.length; at += 8) {
      const word = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
      const found = word !== 0 && code.some((range) => word >= range.start && word < range.end)
      if (found) t.fail(`${(start + at).toString(16)} is ${word.toString(16)}`)
    }
  }
})
