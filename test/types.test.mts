import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

const compiler = path.resolve('node_modules/typescript/bin/tsc')

const program = `
import { type AddressKind, type Inspection, type Stats, SuperslabError, codes, type ErrorCode } from 'superslab'
import { inspect, info, native, prewarm, stats, trim, version } from 'superslab'
import { address, alloc, allocZeroed, asBuffer, free, pin, realloc, toOwned, usableSize } from 'superslab'
import { onPressure, type Pressure, type PressureOptions } from 'superslab'
import { type Leak, leaks, type Pin, Pool, Scope, watch } from 'superslab'
import { heap } from 'superslab/raw'
import { heapHandler, profile, type Profile, type Stack } from 'superslab/profile'

const place: number = native.malloc(16)
const found: Inspection = inspect(BigInt(place))
const kind: AddressKind = found.kind
const all: Stats = stats()
const live: number = all.liveBlocks
const bytes: number = trim() + prewarm(16, 1) + native.usableSize(native.realloc(place, 32))
const text: string = version + info().flags + codes.ERR_SUPERSLAB_DOUBLE_FREE + kind + live + bytes
const error = new SuperslabError('ERR_SUPERSLAB_DOUBLE_FREE', text)
const code: ErrorCode = error.code
const buffer: Buffer = realloc(asBuffer(alloc(10)), 20)
const held: Pin = pin(buffer)
held.release()
const copy: Buffer<ArrayBuffer> = toOwned(allocZeroed(usableSize(buffer)))
const sum: number = Scope.run((scope) => scope.alloc(4).length) + new Pool(64, { max: 4 }).alloc().length
const windowBytes: number = all.heap.windowBytes + heap.u8.length + address(copy)
const found2: Leak[] = leaks({ print: false })
watch({ track: true })
const seen = ({ usedBytes, superslab }: Pressure): number => usedBytes + superslab.heap.liveBytes
const unwatch: () => void = onPressure(seen, { at: 0.8, every: 1000 } satisfies PressureOptions)
unwatch()
free(buffer)
heap.free(heap.malloc(sum + windowBytes + found2.length))
profile.start({ intervalBytes: 1024, labels: false })
const labelled: number = profile.label('route=/', () => 1)
export const taken: Promise<Profile> = profile.snapshot()
export const frames = (stack: Stack): string[] => stack.frames.map(({ name, line }) => name + (line + labelled))
export const handle: (request: never, response: never) => Promise<void> = heapHandler
// @ts-expect-error: no such option
profile.start({ mean: 1 })
// @ts-expect-error: a Buffer is freed, not its address
free(address(copy))
// @ts-expect-error: an address is a number
native.free('0x10')
// @ts-expect-error: the code is one of the list
const other: ErrorCode = 'ERR_OTHER'
// @ts-expect-error: codes are fixed
error.code = code
export { other }
`

/** A folder that has the package installed. */
function installed(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-types-'))
  mkdirSync(path.join(folder, 'node_modules', '@types'), { recursive: true })
  symlinkSync(
    path.resolve('node_modules/@types/node'),
    path.join(folder, 'node_modules/@types/node'),
  )
  symlinkSync(path.resolve('.'), path.join(folder, 'node_modules', 'superslab'))
  return folder
}

for (const file of ['program.mts', 'program.cts'])
  test(`the types serve a strict ${file}`, async (t) => {
    const folder = installed()
    t.teardown(() => rmSync(folder, { recursive: true }))
    writeFileSync(path.join(folder, file), program)
    const args = [
      compiler,
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      file,
    ]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch(
      (error) => error,
    )
    t.is(stdout, '')
  })
