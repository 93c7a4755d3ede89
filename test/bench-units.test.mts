import test from 'ava'
import { addon } from '#dist/addon'
import { contestants, preloadedForm } from '#dist/cli/bench/allocators'
import { courseFigures } from '#dist/cli/bench/course'
import { latencyFigures, latencyRows } from '#dist/cli/bench/latency'
import { type Measurement, parseMeasurement } from '#dist/cli/bench/measurement'
import { measureRounds } from '#dist/cli/bench/rounds'
import { headerPercent, routeShares } from '#dist/cli/bench/routes'
import { geometricMean, median, standardError, variation } from '#dist/cli/bench/statistics'
import { suiteCases } from '#dist/cli/bench/suites'
import { idleFigures, summarize, verdict } from '#dist/cli/bench/summary'

function measurement(allocator: string, changes: Partial<Measurement> = {}): Measurement {
  const numbers = { threads: 1, ops: 100, seconds: 1, opsPerSecond: 100, peakRssBytes: 1000 }
  const strings = {
    workload: 'burst',
    checksum: 'abc',
    library: 'x',
    compiler: 'gcc',
    flags: '-O3',
  }
  return { allocator, ...numbers, ...strings, minorFaults: 1, ...changes }
}

const one = { label: 'burst', workload: 'burst', parameters: {} }
const both = [{ name: 'superslab' }, { name: 'system' }]

test('statistics', (t) => {
  t.is(median([3, 1, 2]), 2)
  t.is(median([4, 1, 3, 2]), 2.5)
  t.is(variation([1, 1, 1]), 0)
  t.is(variation([1, 3]), Math.SQRT2 / 2)
  t.is(standardError([1, 3]), 1)
  t.is(geometricMean([1, 4]), 2)
})

test('a difference inside the noise is a tie', (t) => {
  t.is(verdict(0.97, 0.03001), 'tie')
  t.is(verdict(1.03, 0.03001), 'tie')
  t.is(verdict(0.96, 0.03), 'faster')
  t.is(verdict(1.04, 0.03), 'slower')
})

test('rounds interleave the allocators, each in the opposite order of the last', async (t) => {
  const order: string[] = []
  const measure = async (_: unknown, { name }: { name: string }) => measurement(name)
  await measureRounds([one], both, 3, measure, (label) => order.push(label.split(', ')[1] ?? ''))
  t.deepEqual(order, ['superslab', 'system', 'system', 'superslab', 'superslab', 'system'])
})

test('runs that did different work are void', async (t) => {
  const measure = async (_: unknown, { name }: { name: string }) =>
    measurement(name, { checksum: name })
  const error = await t.throwsAsync(measureRounds([one], both, 5, measure, () => {}))
  t.like(error, { code: 'ERR_SUPERSLAB_BENCH_FAILED' })
  t.true(error?.message.includes('superslab superslab, system system'))
})

function compared(own: number[], base: number[]) {
  const rounds = (allocator: string, all: number[]) =>
    all.map((seconds) => measurement(allocator, { seconds, peakRssBytes: 1000 * seconds }))
  const measurements = new Map([
    ['superslab', rounds('superslab', own)],
    ['system', rounds('system', base)],
  ])
  return summarize([{ case: one, measurements }])[0]
}

test('a summary has medians and ratios', (t) => {
  const summary = compared([1, 2, 3], [4, 4, 4])
  t.like(summary, { label: 'burst', allocator: 'superslab', timeRatio: 0.5, rssRatio: 0.5 })
  t.like(summary?.own, { seconds: 2, peakRssBytes: 2000, variation: 0.5 })
})

test('a slow round of all allocators is no noise', (t) => {
  t.like(compared([9, 18, 27], [10, 20, 30]), { noise: 0, verdict: 'faster' })
  t.like(compared([9, 11, 9, 11], [10, 10, 10, 10]), { timeRatio: 1, verdict: 'tie' })
  t.is(compared([8, 12, 9, 10], [10, 10, 10, 10])?.verdict, 'tie')
})

test('resident memory is listed for each round and summed up', (t) => {
  const round = (peakRssBytes: number, idleRssBytes: number) =>
    measurement('superslab', {
      ...{ peakRssBytes, idleRssBytes, peakLiveBytes: 100, liveBytes: 40, freedRssBytes: 20 },
    })
  const rounds = [round(200, 50), round(100, 90), round(125, 60)]
  const idle = idleFigures([{ case: one, measurements: new Map([['superslab', rounds]]) }])
  t.deepEqual(idle, [
    {
      ...{ label: 'burst', allocator: 'superslab' },
      peakLive: { median: 100, least: 100, most: 100 },
      peakRatio: { median: 1.25, least: 1, most: 2 },
      beyond: { median: 20, least: 10, most: 50 },
      idleShare: { median: 0.48, least: 0.25, most: 0.9 },
      freedShare: { median: 0.16, least: 0.1, most: 0.2 },
    },
  ])
  t.deepEqual(idleFigures([{ case: one, measurements: new Map([['x', [measurement('x')]]]) }]), [])
})

test('the seed suite has the workloads and parameters of the reports', (t) => {
  const labels = suiteCases('seed', {}, []).map(({ label }) => label)
  t.deepEqual(labels, [
    'random-mixed',
    ...['128', '256', '512', '1024'].map((size) => `random-mixed, ${size} B`),
    'random-mixed, 4 threads',
    'mid-mt-gap',
    ...['2', '4', '8'].map((threads) => `mid-large-mt, ${threads} threads`),
    'large',
    'handoff',
  ])
})

test('the course of a run is resident over live bytes', (t) => {
  const rounds = [
    [100, 1, 9], // still filling: its ratio has little weight, and is not the worst
    [200, 10, 15],
    [300, 10, 40],
    [400, 10, 20],
  ] as [number, number, number][]
  const measurements = new Map([['superslab', [measurement('superslab', { series: rounds })]]])
  t.deepEqual(courseFigures([{ case: one, measurements }]), [
    { label: 'burst', allocator: 'superslab', mean: 84 / 31, worst: 4, last: 2 },
  ])
})

test('the time of calls is the median of the rounds, the tail with its least and largest', (t) => {
  const round = (slowestNs: number, over100us: number) =>
    measurement('superslab', {
      ...{ calls: 1000, medianNs: 70, p999Ns: 20000, p9999Ns: 90000 },
      ...{ slowestNs, over100us, over1ms: 0 },
    })
  const rounds = [round(900000, 7), round(300000, 2), round(400000, 3)]
  const measurements = new Map([
    ['superslab', rounds],
    ['system', [measurement('system')]],
  ])
  const figures = latencyFigures([{ case: one, measurements }])
  t.deepEqual(figures, [
    {
      ...{
        label: 'burst',
        allocator: 'superslab',
        calls: 1000,
        p50: 70,
        p999: 20000,
        p9999: 90000,
      },
      slowest: { median: 400000, least: 300000, most: 900000 },
      over100us: { median: 3, least: 2, most: 7 },
      over1ms: { median: 0, least: 0, most: 0 },
    },
  ])
  t.deepEqual(latencyRows(figures).rows, [
    ['burst', 'superslab', '70', '20.0', '90.0', '400 (300 to 900)', '3 (2 to 7)', '0'],
  ])
})

test('random-toggle has both sizes of its aims and four threads', (t) => {
  const labels = suiteCases('random-toggle', {}, []).map(({ label }) => label)
  const rest = ['128 B', '1024 B', '4 threads'].map((what) => `random-mixed, ${what}`)
  t.deepEqual(labels, ['random-mixed', ...rest])
})

test('options reach every case of a suite, once', (t) => {
  const cases = suiteCases('mid-large-mt', { ops: 10 }, [1, 3])
  t.deepEqual(
    cases.map(({ parameters }) => parameters),
    [
      { threads: 1, ops: 10 },
      { threads: 3, ops: 10 },
    ],
  )
})

test('the error for a line that is no measurement names it', (t) => {
  const line = JSON.stringify(measurement('system'))
  t.deepEqual(parseMeasurement(line), measurement('system'))
  for (const wrong of ['', 'x', '{}', line.replace('"seconds":1', '"seconds":"1"')])
    t.like(
      t.throws(() => parseMeasurement(wrong)),
      { code: 'ERR_SUPERSLAB_BENCH_FAILED' },
    )
})

test('routes are shares of their kind', (t) => {
  const shares = routeShares({
    'malloc hit': 3,
    'malloc refill': 1,
    'free hit': 9,
    'free flush': 0,
    'free large': 1,
    'guarded read': 7,
  })
  t.deepEqual(
    shares.map(({ percent }) => percent),
    [75, 25, 90, 0, 10, undefined],
  )
  t.is(headerPercent(shares), 90)
})

test('the error for a missing allocator names it', (t) => {
  const code = 'ERR_SUPERSLAB_BENCH_FAILED'
  t.like(
    t.throws(() => contestants(['nothing'])),
    { code },
  )
  t.like(
    t.throws(() => contestants(['/nowhere/libx.so'])),
    { code },
  )
  t.deepEqual(contestants(['system']), both)
  const forms = preloadedForm()
  t.deepEqual(contestants([], forms), [both[0], ...forms, both[1]])
})

test("a workload does the same on the threads of libuv's pool", (t) => {
  const parameters = [4, 2000, 8192, 53248, 512, 42] as const
  const own = addon.benchRun('mid-large-mt', 'system', ...parameters)
  const borrowed = addon.benchRun('mid-large-mt', 'system', ...parameters, true)
  t.is(own.error, undefined)
  t.is(borrowed.error, undefined)
  t.is(borrowed.ops, own.ops)
  t.is(borrowed.checksum, own.checksum)
})
