import { kinds } from './mappings.mjs'

// The project's aims, each a ratio of two measurements of one run.
const of = (medians, key, name) => medians[key]?.[name]
const pair = (contender, size) => [`pair ${contender} ${size}`, 'nanoseconds']
const parser = (name, inFlight) =>
  ['alloc', 'allocUnsafe'].map((contender) => [`parser ${contender} ${inFlight}`, name])

/** Title, measurement, the one it is compared with, and the aim: at least this many times less, or at most this share. */
const aims = [
  [
    'malloc and free of 64 B in `superslab/raw`, beside the addon’s',
    pair('heap', 64),
    pair('native', 64),
    4,
  ],
  [
    'random-mixed in `superslab/raw`, beside Buffer.allocUnsafe',
    ['random-mixed heap', 'nanoseconds'],
    ['random-mixed allocUnsafe', 'nanoseconds'],
    4,
  ],
  [
    'alloc and free, 64 B, beside Buffer.allocUnsafe',
    pair('alloc', 64),
    pair('allocUnsafe', 64),
    1,
  ],
  ['the same, 1 KiB', pair('alloc', 1024), pair('allocUnsafe', 1024), 3],
  ['the same, 4 KiB', pair('alloc', 4096), pair('allocUnsafe', 4096), 10],
  ['the same, 64 KiB', pair('alloc', 65_536), pair('allocUnsafe', 65_536), 15],
  ['Pool of 64 B, beside Buffer.allocUnsafe', pair('pool', 64), pair('allocUnsafe', 64), 2.5],
  [
    'alloc and free, 64 B, under `watch({ track: true })`, beside without',
    pair('tracked', 64),
    pair('alloc', 64),
    '',
  ],
  ['the same under `watch({ collect: true })`', pair('collected', 64), pair('alloc', 64), ''],
  [
    '1 MiB to a worker and back, beside a copy',
    ['handoff shared', 'microseconds'],
    ['handoff copied', 'microseconds'],
    20,
  ],
  [
    'message parser, 512 messages in flight: all GC pauses',
    ...parser('pauseMilliseconds', 512),
    '20 %',
  ],
  ['the same, mean RSS', ...parser('meanRssBytes', 512), '60 %'],
  ['mean RSS with 64 in flight', ...parser('meanRssBytes', 64), ''],
  ['mean RSS with 4096 in flight', ...parser('meanRssBytes', 4096), ''],
  [
    'mean RSS with 512, if they took no memory',
    ['parser none 512', 'meanRssBytes'],
    ['parser allocUnsafe 512', 'meanRssBytes'],
    '',
  ],
  ['message parser, 512 in flight: time', ...parser('milliseconds', 512), ''],
]

/** The measurements that the table is made of. */
export const aimed = new Set(aims.flatMap(([, ours, theirs]) => [ours[0], theirs[0]]))

const units = { nanoseconds: 'ns', microseconds: 'µs', milliseconds: 'ms', pauseMilliseconds: 'ms' }

function amount({ medians, variations }, [key, name]) {
  const value = medians[key][name]
  const spread = variations[key][name] === null ? '' : ` ±${variations[key][name].toFixed(0)}%`
  if (name === 'meanRssBytes') return `${(value / 2 ** 20).toFixed(0)} MiB${spread}`
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[name]}${spread}`
}

export function figures(releases) {
  const [first] = releases
  const rows = aims
    .filter(([, ours]) => of(first.medians, ...ours) !== undefined)
    .map(([title, ours, theirs, aim]) => {
      const ratios = releases.map((release) => {
        const [one, other] = [of(release.medians, ...ours), of(release.medians, ...theirs)]
        if (one === undefined || other === undefined) return ''
        return typeof aim === 'number'
          ? `${(other / one).toFixed(1)} ×`
          : `${((one / other) * 100).toFixed(0)} %`
      })
      const aimed = typeof aim === 'number' ? `≥ ${aim} ×` : aim && `≤ ${aim}`
      return `| ${[title, amount(first, ours), amount(first, theirs), aimed, ...ratios].join(' | ')} |`
    })
  const names = releases.map(({ node }) => `Node ${node.slice(1)}`)
  const head = ['', 'superslab', 'other', 'aim', ...names]
  return [`| ${head.join(' | ')} |`, `|---${'|--:'.repeat(head.length - 1)}|`, ...rows].join('\n')
}

const kindTitles = {
  node: 'Node’s executable: code, constants, symbols',
  libraries: 'other libraries',
  v8: 'V8’s heap',
  malloc: 'the C library’s malloc: messages of `allocUnsafe`, libuv',
  window: 'superslab’s window: messages, what is cached, what is free',
  table: 'superslab’s table of what is live',
  addon: 'superslab’s addon',
  rest: 'stacks and the like',
}

/** The parser's resident memory when the last message has come. */
export function memory({ medians, node }, inFlight) {
  const all = ['alloc', 'allocUnsafe', 'none'].map((name) => medians[`parser ${name} ${inFlight}`])
  if (all.includes(undefined)) return undefined
  const row = (title, of) =>
    `| ${title} | ${all.map((one) => (of(one) / 2 ** 20).toFixed(1)).join(' | ')} |`
  return [
    `| MiB, Node ${node.slice(1)} | superslab | Buffer.allocUnsafe | messages take none |`,
    '|---|--:|--:|--:|',
    ...kinds.map((kind) => row(kindTitles[kind], (one) => one[kind])),
    row('together', (one) => kinds.reduce((sum, kind) => sum + one[kind], 0)),
  ].join('\n')
}
