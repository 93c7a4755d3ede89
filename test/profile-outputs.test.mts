import { gunzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { Profile as Pprof } from 'pprof-format'
import { toCollapsed } from '#dist/cli/profile/collapsed'
import { difference, isLater } from '#dist/cli/profile/difference'
import { checkEnding, endingOf } from '#dist/cli/profile/format'
import { toHeapProfile } from '#dist/cli/profile/heap-profile'
import { toText } from '#dist/cli/profile/text'
import { named } from '#dist/profile/names'
import { toPprof } from '#dist/profile/pprof'
import { parseRaw } from '#dist/profile/raw'
import { siteOf } from '#dist/profile/site'
import { folderOf, type RawParts, rawText, written } from './support/profiles.mjs'

const perf = [
  '1000 100 JS:*handle /srv/app.js:10:5',
  '2000 100 JS:*query /srv/node_modules/@db/client/index.js:20:7',
  '3000 100 JS:*alloc node:buffer:380:9',
  '4000 100 Builtin:JSEntry',
  '',
].join('\n')

const maps = [
  '00001000-00006000 rwxp 00000000 00:00 0 ',
  '00010000-00020000 r-xp 00000000 fe:00 1 /srv/node_modules/hash/build/hash.node',
  '00020000-00030000 r-xp 00000000 fe:00 1 /usr/lib/libc.so.6',
  '00030000-00040000 r-xp 00000000 fe:00 1 /usr/bin/node',
]
const [handle, query, alloc, entry, addon, libc, node] = [
  ...['1001', '2001', '3001', '4001', '10011', '20021', '30031'],
]

const stacks = [
  `1 1 10.4 1000000 20 3000000 999 999 : ${libc} ${node} ${alloc} ${query} ${handle} ${entry}`,
  `2 0 1 500000 1 500000 999 999 : ${libc} ${addon} ${handle}`,
  `3 0 0 0 7 700000 999 999 : ${alloc} ${handle}`,
  `4 0 2 250000 2 250000 999 999 : ${node}`,
]

function profileOf(t: ExecutionContext, parts: RawParts = {}) {
  const perfMap = written(folderOf(t), 'perf.map', perf)
  return named(
    parseRaw(rawText({ perfMap, stacks, maps, labels: ['route=/orders'], ...parts }), 'heap.raw'),
  )
}

test('memory belongs to the innermost function of the program, its packages or addons', (t) => {
  const profile = profileOf(t)
  const sites = profile.stacks.map((stack) => siteOf(stack, profile.program))
  t.deepEqual(
    sites.map(({ frame }) => frame.name),
    ['query', 'hash.node+0x10', 'handle', 'node+0x30'],
  )
  t.deepEqual(
    sites.map((site) => site.package),
    ['@db/client', 'hash', '(the program)', 'node'],
  )
  t.deepEqual(
    sites.map((site) => site.addon),
    ['', 'hash.node', '', ''],
  )
  t.deepEqual(
    sites.map(({ caller }) => caller?.name),
    ['query', 'handle', 'handle', undefined],
  )
})

test('Buffers belong to the caller of superslab, which makes them', (t) => {
  const folder = folderOf(t)
  const names = [
    '1000 100 JS:*make /srv/node_modules/superslab/dist/bundle.js:9:5',
    '2000 100 JS:*upload /srv/app.js:7:5',
  ]
  const perfMap = written(folder, 'perf.map', `${names.join('\n')}\n`)
  const profile = profileOf(t, { perfMap, stacks: ['1 0 1 100 1 100 999 999 : 1001 2001'] })
  const [stack] = profile.stacks
  t.is(stack && siteOf(stack, profile.program).frame.name, 'upload')
})

test('in a program that is not Node its own code counts', (t) => {
  const server = '/usr/bin/server'
  const profile = profileOf(t, {
    program: server,
    stacks: ['1 0 1 100 1 100 0 0 : 20021 30031'],
    maps: [maps[2] as string, '00030000-00040000 r-xp 00000000 fe:00 1 /usr/bin/server'],
  })
  const [stack] = profile.stacks
  t.is(stack && siteOf(stack, server).frame.name, 'server+0x30')
})

test('pprof’s own reader finds every sample, name, mapping and label', (t) => {
  const profile = profileOf(t)
  const read = Pprof.decode(gunzipSync(toPprof(profile)))
  const text = (index: unknown) => read.stringTable.strings[Number(index)] ?? ''
  t.deepEqual(
    read.sampleType.map(({ type, unit }) => [text(type), text(unit)]),
    [
      ['inuse_objects', 'count'],
      ['inuse_space', 'bytes'],
      ['alloc_objects', 'count'],
      ['alloc_space', 'bytes'],
    ],
  )
  t.is(text(read.defaultSampleType), 'inuse_space')
  t.is(Number(read.period), 524288)
  t.deepEqual([text(read.periodType?.type), text(read.periodType?.unit)], ['space', 'bytes'])
  t.is(BigInt(read.timeNanos), 1_800_000_000_000_000_000n)
  t.is(BigInt(read.durationNanos), 60_000_000_000n)
  t.deepEqual(
    read.sample.map(({ value }) => value.map(Number)),
    [
      [10, 1000000, 20, 3000000],
      [1, 500000, 1, 500000],
      [0, 0, 7, 700000],
      [2, 250000, 2, 250000],
    ],
  )
  const functions = new Map(read.function.map((one) => [Number(one.id), one]))
  const locations = new Map(read.location.map((one) => [Number(one.id), one]))
  const frames = read.sample[0]?.locationId.map((id) => {
    const [line] = locations.get(Number(id))?.line ?? []
    const one = functions.get(Number(line?.functionId))
    return `${text(one?.name)} ${text(one?.filename)}:${Number(line?.line)}`
  })
  t.deepEqual(frames, [
    'libc.so.6+0x20 /usr/lib/libc.so.6:0',
    'node+0x30 /usr/bin/node:0',
    'alloc node:buffer:380',
    'query /srv/node_modules/@db/client/index.js:20',
    'handle /srv/app.js:10',
    'Builtin:JSEntry :0',
  ])
  t.deepEqual(
    read.sample.map(({ label }) => label.map(({ key, str }) => [text(key), text(str)])),
    [[['route', '/orders']], [], [], []],
  )
  t.is(text(read.mapping[0]?.filename), '/usr/bin/node', 'the program comes first')
  t.is(read.mapping.length, 3)
  const [mapping] = read.mapping.filter(({ filename }) => text(filename).endsWith('hash.node'))
  t.deepEqual([Number(mapping?.memoryStart), Number(mapping?.memoryLimit)], [0x10000, 0x20000])
})

test('the difference of two profiles has what grew and what shrank', (t) => {
  const before = profileOf(t, { time: 1_800_000_000, age: 60 })
  const grown = stacks.slice(0, 3).map((one) => one.replace('10.4 1000000', '20.4 1800000'))
  const after = profileOf(t, { stacks: grown, time: 1_800_000_600, age: 660 })
  t.true(isLater(before, after))
  t.false(isLater(after, before))
  const changed = difference(before, after)
  t.deepEqual(
    changed.stacks.map(({ inUseBytes, allocBytes }) => [inUseBytes, allocBytes]),
    [
      [800000, 0],
      [-250000, -250000],
    ],
  )
  t.regex(toText(after, before), /^Most growth: 0.8 MiB of 0.8 MiB \(100 %\) by query/)
  const read = Pprof.decode(gunzipSync(toPprof(changed)))
  t.is(BigInt.asIntN(64, BigInt(read.sample[1]?.value[1] ?? 0)), -250000n)
})

test('a .heapprofile has the structure that the DevTools protocol describes', (t) => {
  const { head, samples } = JSON.parse(toHeapProfile(profileOf(t)))
  let total = 0
  const ids = new Set<number>()
  const walk = (node: typeof head) => {
    const { functionName, scriptId, url, lineNumber, columnNumber } = node.callFrame
    t.is(typeof functionName, 'string')
    t.is(typeof scriptId, 'string')
    t.is(typeof url, 'string')
    t.true(Number.isInteger(lineNumber) && Number.isInteger(columnNumber))
    t.false(ids.has(node.id))
    ids.add(node.id)
    total += node.selfSize
    node.children.forEach(walk)
  }
  walk(head)
  t.is(head.callFrame.functionName, '(root)')
  t.is(total, 1_750_000)
  t.deepEqual(
    samples.map(({ size }: { size: number }) => size),
    [1_000_000, 500_000, 250_000],
  )
  for (const { nodeId } of samples) t.true(ids.has(nodeId))
  const [entry] = head.children
  t.is(entry.callFrame.functionName, 'Builtin:JSEntry')
  const [app] = entry.children
  t.deepEqual(app.callFrame, {
    ...{ functionName: 'handle', scriptId: app.callFrame.scriptId, url: 'file:///srv/app.js' },
    ...{ lineNumber: 9, columnNumber: 4 },
  })
})

test('collapsed stacks have a line each, the outermost function first', (t) => {
  const lines = toCollapsed(profileOf(t)).trimEnd().split('\n')
  t.is(lines.length, 3)
  t.is(
    lines[0],
    'route=/orders;Builtin:JSEntry;handle (/srv/app.js:10);query (/srv/node_modules/@db/client/index.js:20);alloc (node:buffer:380);node+0x30 (node);libc.so.6+0x20 (libc.so.6) 1000000',
  )
  for (const line of lines) t.regex(line, /^[^;]+(;[^;]+)* \d+$/)
  const odd = profileOf(t, { labels: ['a;b\rc'] })
  t.true(toCollapsed(odd).startsWith('a:b c;Builtin'))
})

test('a terminal gets the verdict and the functions', (t) => {
  const text = toText(profileOf(t, { lost: 5 }))
  t.regex(text, /^Most memory in use: 1.0 MiB of 1.7 MiB \(57 %\) by query \(\/srv/)
  t.regex(text, /^ +0.5 MiB +29 % +hash.node\+0x10 \(hash.node\)$/m)
  t.regex(text, /^Note: The table of stacks was full \(10000\): 5 of 400 samples/m)
  t.regex(toText(profileOf(t, { stacks: [] })), /^Nothing that was sampled is in use\.$/m)
})

test('the ending of a name is the format', (t) => {
  for (const [file, ending] of [
    ['a.pb.gz', '.pb.gz'],
    ['/b/a.html', '.html'],
    ['a.heapprofile', '.heapprofile'],
    ['a.collapsed', '.collapsed'],
    ['a.b.raw', '.raw'],
    ['a.gz', undefined],
    ['.html', undefined],
  ] as const)
    t.is(endingOf(file), ending, file)
  t.throws(() => checkEnding('--output', 'node'), {
    code: 'ERR_SUPERSLAB_PROFILE_FAILED',
    message: /^--output: node does not end in \.html, \.pb\.gz/,
  })
})
