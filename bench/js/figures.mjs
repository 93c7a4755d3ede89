// The figures that this project aims at, each a ratio of two measurements of one run.
const of = (medians, key, name) => medians[key]?.[name]
const pair = (contender, size) => [`pair ${contender} ${size}`, 'nanoseconds']

/** Title, what is measured, beside what, and the aim: at least so many times less, or at most that share. */
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
    '1 MiB to a worker and back, beside a copy',
    ['handoff shared', 'microseconds'],
    ['handoff copied', 'microseconds'],
    20,
  ],
  [
    'message parser, all GC pauses',
    ['parser alloc', 'pauseMilliseconds'],
    ['parser allocUnsafe', 'pauseMilliseconds'],
    '20 %',
  ],
  [
    'message parser, mean RSS',
    ['parser alloc', 'meanRssBytes'],
    ['parser allocUnsafe', 'meanRssBytes'],
    '60 %',
  ],
  [
    'message parser, time',
    ['parser alloc', 'milliseconds'],
    ['parser allocUnsafe', 'milliseconds'],
    '',
  ],
]

const units = { nanoseconds: 'ns', microseconds: 'µs', milliseconds: 'ms', pauseMilliseconds: 'ms' }

function amount(value, name) {
  if (name === 'meanRssBytes') return `${(value / 2 ** 20).toFixed(0)} MiB`
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[name]}`
}

export function figures(releases) {
  const [{ medians }] = releases
  const rows = aims
    .filter(([, ours]) => of(medians, ...ours) !== undefined)
    .map(([title, ours, theirs, aim]) => {
      const ratios = releases.map((release) => {
        const [one, other] = [of(release.medians, ...ours), of(release.medians, ...theirs)]
        if (one === undefined || other === undefined) return ''
        return typeof aim === 'number'
          ? `${(other / one).toFixed(1)} ×`
          : `${((one / other) * 100).toFixed(0)} %`
      })
      const [one, other] = [of(medians, ...ours), of(medians, ...theirs)]
      const aimed = typeof aim === 'number' ? `≥ ${aim} ×` : aim && `≤ ${aim}`
      return `| ${[title, amount(one, ours[1]), amount(other, theirs[1]), aimed, ...ratios].join(' | ')} |`
    })
  const names = releases.map(({ node }) => `Node ${node.slice(1)}`)
  const head = ['', 'superslab', 'other', 'aim', ...names]
  return [`| ${head.join(' | ')} |`, `|---${'|--:'.repeat(head.length - 1)}|`, ...rows].join('\n')
}
