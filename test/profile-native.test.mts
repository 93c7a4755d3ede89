import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { demangle } from '#dist/profile/demangle'
import { ElfFile } from '#dist/profile/elf'
import { named } from '#dist/profile/names'
import { parseRaw } from '#dist/profile/raw'
import { folderOf, rawText, written } from './support/profiles.mjs'

const linuxTest = process.platform === 'linux' ? test : test.skip

const source = `#include <stdlib.h>
namespace store {
struct Table {
    void *grow(size_t size);
};
__attribute__((noinline)) void *Table::grow(size_t size) {
    void *block = malloc(size);
    return block ? block : nullptr;
}
}
static __attribute__((noinline, used)) int hidden(int n) {
    return n * 3;
}
#line 500
extern "C" int far(int n) {
    return n * 5;
}
#line 20
extern "C" int visible(int n) {
    store::Table table;
    return table.grow(n) != nullptr ? hidden(n) : 0;
}
`

/** Compiles the source above; returns its file. */
function library(folder: string, name: string, flags: string[]): string {
  const from = written(folder, `${name}.cc`, source)
  const file = path.join(folder, `${name}.so`)
  execFileSync('g++', ['-shared', '-fPIC', '-O1', '-Wl,--build-id', ...flags, '-o', file, from])
  return file
}

/** Where a symbol begins, as nm prints it, and the place of its section's start in the file. */
function addressOf(file: string, symbol: string): number {
  const lines = execFileSync('nm', [file], { encoding: 'utf8' }).split('\n')
  const line = lines.find((one) => one.endsWith(` ${symbol}`)) ?? ''
  return Number.parseInt(line, 16)
}

/** The line of an address, as binutils read it. */
function lineOf(file: string, address: number): number {
  const text = execFileSync('addr2line', ['-e', file, address.toString(16)], { encoding: 'utf8' })
  return Number(text.match(/:(\d+)/)?.[1])
}

const base = 0x7f0000000000

/** The frame at an address of a library that is mapped as a whole, as by a loader. */
function frameAt(file: string, address: number, root = '') {
  const elf = ElfFile.open(`${root}${file}`)
  const segment = elf.segments.find(
    (one) => address >= one.address && address < one.address + one.size,
  )
  elf.close()
  if (!segment) throw new Error('no segment')
  const hex = (value: number) => value.toString(16)
  const [start, offset] = [base + segment.address, segment.offset]
  const end = start + segment.size
  const raw = rawText({
    stacks: [`1 0 1 100 1 100 0 0 : ${hex(base + address + 1)}`],
    maps: [`${hex(start)}-${hex(end)} r-xp ${hex(offset)} fe:00 1 ${file}`],
  })
  const profile = named(parseRaw(raw, 'heap.raw'), { root })
  return { frame: profile.stacks[0]?.frames[0], profile }
}

linuxTest('functions of a file are named, exported or not, and their lines known', (t) => {
  const file = library(folderOf(t), 'full', ['-g'])
  const mangled = '_ZN5store5Table4growEm'
  const { frame, profile } = frameAt(file, addressOf(file, mangled) + 4)
  t.is(frame?.name, 'store::Table::grow(unsigned long)')
  t.is(frame?.systemName, mangled)
  t.is(frame?.library, file)
  t.true(frame?.file.endsWith('full.cc'))
  t.true([6, 7].includes(frame?.line ?? 0), String(frame?.line))
  t.is(frameAt(file, addressOf(file, 'visible')).frame?.name, 'visible')
  const hidden = addressOf(file, '_ZL6hiddeni')
  t.is(frameAt(file, hidden).frame?.name, 'hidden(int)')
  const notes = execFileSync('readelf', ['-n', file], { encoding: 'utf8' })
  t.is(profile.libraries[0]?.buildId, notes.match(/Build ID: (\w+)/)?.[1])
})

linuxTest('lines are read from each version of DWARF', (t) => {
  const folder = folderOf(t)
  for (const version of [2, 3, 4, 5]) {
    const file = library(folder, `dwarf${version}`, ['-g', `-gdwarf-${version}`])
    const { frame } = frameAt(file, addressOf(file, '_ZL6hiddeni'))
    t.is(path.basename(frame?.file ?? ''), `dwarf${version}.cc`)
    t.is(frame?.line, lineOf(file, addressOf(file, '_ZL6hiddeni')))
    t.true((frame?.line ?? 0) > 0)
    // Their lines are far apart, in both directions.
    t.is(frameAt(file, addressOf(file, 'far')).frame?.line, 501)
    t.is(frameAt(file, addressOf(file, 'visible')).frame?.line, 20)
  }
})

linuxTest('a file without symbols is told by its build id, and its places by offsets', (t) => {
  const full = library(folderOf(t), 'stripped', [])
  const address = addressOf(full, '_ZL6hiddeni')
  execFileSync('strip', [full])
  const { frame, profile } = frameAt(full, address)
  t.is(frame?.name, `stripped.so+0x${address.toString(16)}`)
  t.true(profile.libraries[0]?.hasSymbols, 'what is exported has a symbol still')
  t.notRegex(profile.notes.join(), /no symbols/)
  const mute = library(folderOf(t), 'mute', ['-fvisibility=hidden', '-nostdlib', '-nostartfiles'])
  const at = addressOf(mute, '_ZL6hiddeni')
  execFileSync('strip', [mute])
  const { profile: other } = frameAt(mute, at)
  t.regex(other.notes.join(), /mute\.so has no symbols \(build id [0-9a-f]{40}\)/)
})

linuxTest('symbols that a distribution ships apart are found by the build id', (t) => {
  const root = folderOf(t)
  const full = library(root, 'apart', ['-g'])
  const address = addressOf(full, '_ZL6hiddeni')
  const line = lineOf(full, address)
  const elf = ElfFile.open(full)
  const { buildId } = elf
  elf.close()
  const place = path.join(root, 'usr/lib/debug/.build-id', buildId.slice(0, 2))
  mkdirSync(place, { recursive: true })
  execFileSync('objcopy', [
    ...['--only-keep-debug', '--compress-debug-sections', full],
    path.join(place, `${buildId.slice(2)}.debug`),
  ])
  copyFileSync(full, path.join(root, 'lib.so'))
  execFileSync('strip', [path.join(root, 'lib.so')])
  const { frame } = frameAt('/lib.so', address, root)
  t.is(frame?.name, 'hidden(int)')
  t.is(frame?.line, line)
})

/** Damages a copy of a library in many ways; none may be thrown out of the naming. */
linuxTest('a damaged file gives places instead of names, never an error', (t) => {
  const folder = folderOf(t)
  const full = library(folder, 'whole', ['-g'])
  const address = addressOf(full, '_ZL6hiddeni')
  const bytes = readFileSync(full)
  const nameIn = (file: string) => {
    const raw = rawText({
      stacks: [`1 0 1 1 1 1 0 0 : ${(base + address + 1).toString(16)}`],
      maps: [`${base.toString(16)}-${(base + 0x100000).toString(16)} r-xp 0 fe:00 1 ${file}`],
    })
    return named(parseRaw(raw, 'heap.raw')).stacks[0]?.frames[0]?.name ?? ''
  }
  for (const size of [0, 10, 63, 64, 100, 4096, bytes.length - 100]) {
    const file = written(folder, `cut-${size}.so`, bytes)
    truncateSync(file, size)
    t.is(nameIn(file), `cut-${size}.so+0x${address.toString(16)}`)
  }
  let seed = 1
  for (let i = 0; i < 300; i++) {
    const copy = Buffer.from(bytes)
    for (let k = 0; k < 8; k++) {
      seed = (seed * 48271) % 2147483647
      copy[seed % (i % 2 === 0 ? 64 : copy.length)] = seed >> 8
    }
    t.notThrows(() => nameIn(written(folder, 'bad.so', copy)))
  }
  t.is(nameIn('/there/is/none.so'), `none.so+0x${address.toString(16)}`)
})

test('names are demangled', (t) => {
  t.is(demangle('malloc@@GLIBC_2.2.5'), 'malloc')
  t.is(demangle('_Znwm'), 'operator new(unsigned long)')
  t.is(
    demangle('_ZN4node6Buffer3NewEPN2v87IsolateEm'),
    'node::Buffer::New(v8::Isolate*, unsigned long)',
  )
  t.is(demangle('_ZN5alloc3vec12Vec$LT$T$GT$4push17h0123456789abcdefE'), 'alloc::vec::Vec<T>::push')
  t.is(demangle('_ZN5store5Table4growEm.isra.0'), 'store::Table::grow(unsigned long)')
  t.is(demangle('_Znonsense'), '_Znonsense')
  t.is(demangle('plain'), 'plain')
})
