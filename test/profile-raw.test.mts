import test, { type ExecutionContext } from 'ava'
import { parseMapping } from '#dist/profile/mapping'
import { isRaw, parseRaw, readRaw } from '#dist/profile/raw'
import { rawText } from './support/profiles.mjs'

const whole = rawText({
  perfMap: '/tmp/perf-4711.map',
  labels: ['route=/a b'],
  stacks: ['1 1 10.5 1000 20.125 3000 7 9 : 7f00aa11 c0ffee', '2 0 0 0 1 16 0 0 :'],
  maps: ['00400000-00500000 r-xp 00001000 fe:00 260689      /usr/bin/no de'],
})

test('a raw profile is read', (t) => {
  const raw = parseRaw(whole, 'heap.raw')
  t.is(raw.pid, 4711)
  t.is(raw.program, '/usr/bin/node')
  t.is(raw.timeNs - raw.startNs, 60_000_000_000n)
  t.deepEqual(
    [raw.interval, raw.stacksUsed, raw.stacksLimit, raw.samples, raw.lost],
    [524288, 3, 10000, 400, 0],
  )
  t.is(raw.perfMap, '/tmp/perf-4711.map')
  t.deepEqual([...raw.labels], [[1, 'route=/a b']])
  t.deepEqual(raw.stacks[0], {
    ...{ label: 1, inUseObjects: 10.5, inUseBytes: 1000, allocObjects: 20.125, allocBytes: 3000 },
    ...{ first: 7, last: 9, addresses: [0x7f00aa11, 0xc0ffee] },
  })
  t.deepEqual(raw.stacks[1]?.addresses, [])
  t.deepEqual(raw.mappings, [
    { start: 0x400000, end: 0x500000, offset: 0x1000, path: '/usr/bin/no de' },
  ])
})

test('what this version does not know is passed over', (t) => {
  const more = whole.replace('interval', 'something new\ninterval')
  t.is(parseRaw(more, 'heap.raw').stacks.length, 2)
  t.is(parseRaw(rawText(), 'heap.raw').perfMap, undefined)
})

function refused(t: ExecutionContext, text: string, code: string, message: RegExp) {
  t.throws(() => parseRaw(text, 'heap.raw'), { code, message }, text.slice(0, 200))
}

test('other files are refused', (t) => {
  refused(t, '', 'ERR_SUPERSLAB_NOT_A_PROFILE', /^heap.raw is not a profile of superslab$/)
  refused(t, '{}', 'ERR_SUPERSLAB_NOT_A_PROFILE', /is not a profile/)
  const later = whole.replace('profile 1', 'profile 2')
  refused(t, later, 'ERR_SUPERSLAB_NOT_A_PROFILE', /format 2/)
  const error = t.throws(() => readRaw('/there/is/none.raw'))
  t.is((error as { code?: string }).code, 'ERR_SUPERSLAB_NOT_A_PROFILE')
  t.true(isRaw(Buffer.from(whole)))
  t.false(isRaw(Buffer.from('superslab')))
})

test('a damaged profile is refused, with the line', (t) => {
  const code = 'ERR_SUPERSLAB_PROFILE_DAMAGED'
  refused(t, whole.slice(0, -20), code, /breaks off/)
  refused(t, whole.replace('end\n', ''), code, /there is no line "end"/)
  refused(t, whole.replace(/^interval.*\n/m, ''), code, /there is no line "interval"/)
  refused(t, whole.replace('interval 524288', 'interval x'), code, /line 6: "interval x"/)
  refused(t, whole.replace('samples 400 0', 'samples 400'), code, /line 8: .* 2 numbers/)
  refused(t, whole.replace('7f00aa11', '7f00zz11'), code, /line 11: "7f00zz11" is not an address/)
  refused(t, whole.replace('10.5 1000', '10.5'), code, /line 11: .*eight numbers/)
  refused(t, whole.replace('10.5', '-10.5'), code, /eight numbers/)
  refused(t, whole.replace('label 1 ', 'label x '), code, /line 10: .*not a label/)
  refused(t, whole.replace('00400000-', '00400000+'), code, /line 13: .*\/proc\/PID\/maps/)
  refused(t, whole.replace('samples', '\nsamples'), code, /line 8: an empty line/)
})

test('lines of /proc/PID/maps are read as the kernel writes them', (t) => {
  const line = (name: string) => `7f00-7f10 r-xp 00000000 00:00 0 ${name}`
  t.is(parseMapping(line(''))?.path, '')
  t.is(parseMapping('7f00-7f10 r-xp 00000000 00:00 0')?.path, '')
  t.is(parseMapping(line('      [vdso]'))?.path, '[vdso]')
  t.is(parseMapping(line('/a/lib.so (deleted)'))?.path, '/a/lib.so')
  t.is(parseMapping(line('/a/line\\012feed'))?.path, '/a/line\nfeed')
  t.is(parseMapping('nonsense'), undefined)
})
