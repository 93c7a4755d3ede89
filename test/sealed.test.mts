import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import test from 'ava'
import { info, native } from 'superslab'

interface Range {
  start: number
  end: number
  rights: string
}

/** The mappings of this process that belong to the addon, zeroed data included, or hold code. */
function mappings(file: string): { own: Range[]; code: Range[] } {
  const own: Range[] = []
  const code: Range[] = []
  let last: Range | undefined
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const [, first = '', second = '', rights = '', path = ''] =
      line.match(/^(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)$/) ?? []
    const range = { start: Number.parseInt(first, 16), end: Number.parseInt(second, 16), rights }
    const isOwn = path === file || (path === '' && last?.end === range.start)
    last = isOwn ? range : undefined
    if (isOwn) own.push(range)
    if (rights[2] === 'x') code.push(range)
  }
  return { own, code }
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
