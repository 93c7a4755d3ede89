import test from 'ava'
import { figure, outcome } from '#dist/cli/doctor/outcome'
import { statFields, treeBytes } from '#dist/cli/doctor/process-tree'
import type { Trial } from '#dist/cli/doctor/trial'
import { type VerdictKind, verdict } from '#dist/cli/doctor/verdict'

const mib = 2 ** 20

interface Course {
  /** MiB at the peak of the work and after it. */
  peak: number
  final: number
  cpu?: number
  exitCode?: number
  served?: boolean
  /** MiB by which each second of the work grows. */
  leak?: number
}

const workSeconds = 10
const settleSeconds = 5

/** A command that grows for a second, works, and shrinks for a second. */
function trial(condition: string, course: Course, noise: number): Trial {
  const { peak, final, cpu = 8, exitCode, served = true, leak = 0 } = course
  const samples = Array.from({ length: 10 * (workSeconds + settleSeconds) + 1 }, (_, i) => {
    const seconds = i / 10
    const working = Math.min(seconds, 1) * peak + Math.min(seconds, workSeconds) * leak
    const falling = Math.min(Math.max(seconds - workSeconds, 0), 1) * (peak - final)
    return { seconds, bytes: (working - falling + noise) * mib, processes: 1 }
  })
  return {
    condition,
    samples,
    workSeconds,
    seconds: workSeconds + settleSeconds,
    peakBytes: Math.max(...samples.map(({ bytes }) => bytes)),
    finalBytes: samples.at(-1)?.bytes ?? 0,
    cpuSeconds: cpu + noise / 100,
    exit: { code: exitCode ?? null, signal: exitCode === undefined ? 'SIGTERM' : null },
    stopped: exitCode === undefined,
    served,
    errorOutput: '',
  }
}

function judged(courses: Record<string, Course>, settled = true, noise = [-2, 0, 2]) {
  const outcomes = Object.entries(courses).map(([name, course]) =>
    outcome(
      name,
      noise.map((one) => trial(name, course, one)),
    ),
  )
  return verdict(outcomes, settled)
}

const big = { peak: 700, final: 600 }
const small = { peak: 500, final: 180 }

const expected: [string, VerdictKind, Record<string, Course>][] = [
  ['superslab keeps less', 'superslab-helps', { system: big, superslab: small }],
  [
    'nothing keeps less',
    'not-the-allocator',
    { system: big, superslab: { peak: 690, final: 585 }, jemalloc: { peak: 720, final: 610 } },
  ],
  [
    'less by little of little',
    'not-the-allocator',
    { system: { peak: 12, final: 10 }, superslab: { peak: 9, final: 7.5 } },
  ],
  [
    'two arenas keep as little at the same cost',
    'fewer-arenas-suffice',
    { system: big, 'system-2-arenas': { peak: 520, final: 185 }, superslab: small },
  ],
  [
    'two arenas keep as little and cost more',
    'superslab-helps',
    { system: big, 'system-2-arenas': { peak: 520, final: 185, cpu: 11 }, superslab: small },
  ],
  [
    'another keeps less',
    'another-keeps-less',
    { system: big, superslab: { peak: 600, final: 400 }, jemalloc: small },
  ],
  [
    'superslab keeps more and another less',
    'another-keeps-less',
    { system: big, superslab: { peak: 900, final: 800 }, jemalloc: small },
  ],
  [
    'the command fails',
    'command-fails',
    { system: { ...big, exitCode: 3 }, superslab: { ...small, exitCode: 3 } },
  ],
  [
    'the command fails under superslab only',
    'superslab-breaks-it',
    { system: { ...big, exitCode: 0 }, superslab: { ...small, exitCode: 139 } },
  ],
  [
    'superslab did not serve it',
    'superslab-did-not-serve',
    { system: big, superslab: { ...small, served: false } },
  ],
  [
    'a peer that fails is no help',
    'not-the-allocator',
    { system: big, superslab: big, jemalloc: { ...small, exitCode: 1 } },
  ],
]

for (const [title, kind, courses] of expected)
  test(`verdict: ${title}`, (t) => {
    const { kind: found, lines } = judged(courses)
    t.is(found, kind, lines.join('\n'))
  })

test('trials that differ too much give no verdict', (t) => {
  t.is(judged({ system: big, superslab: small }, true, [-200, 0, 200]).kind, 'too-noisy')
})

test('a difference inside the noise does not count', (t) => {
  const near = { system: { peak: 600, final: 400 }, superslab: { peak: 500, final: 330 } }
  t.is(judged(near, true, [-50, 0, 50]).kind, 'not-the-allocator')
  t.is(judged(near, true, [-5, 0, 5]).kind, 'superslab-helps')
})

test('the peak counts for a command that ends by itself', (t) => {
  const same = { system: { peak: 700, final: 600 }, superslab: { peak: 690, final: 100 } }
  t.is(judged(same, false).kind, 'not-the-allocator')
  t.is(judged(same, true).kind, 'superslab-helps')
})

test('memory that grows under every allocator is named', (t) => {
  const leak = { peak: 100, final: 100, leak: 50 }
  const { kind, lines } = judged({ system: leak, superslab: leak })
  t.is(kind, 'not-the-allocator')
  t.true(lines.some((line) => line.includes('still grew')))
  const { lines: others } = judged({ system: leak, superslab: big })
  t.false(others.some((line) => line.includes('still grew')))
})

test('the verdict has the processor time, with ties', (t) => {
  const line = (cpu: number) =>
    judged({ system: big, superslab: { ...small, cpu } }).lines.find((one) =>
      one.includes('processor'),
    )
  t.regex(line(6) ?? '', /25 % less/)
  t.regex(line(10) ?? '', /25 % more/)
  t.regex(line(7.9) ?? '', /tie/)
})

test('one trial has an assumed noise of a tenth', (t) => {
  t.deepEqual(figure([200]), { median: 200, noise: 20 })
  t.deepEqual(figure([1, 3]), { median: 2, noise: 2 })
})

test('file pages count once for all processes', (t) => {
  const one = { anonymousBytes: 10, sharedBytes: 40 }
  t.is(treeBytes([one]), 50)
  t.is(treeBytes([one, { anonymousBytes: 5, sharedBytes: 30 }]), 55)
  t.is(treeBytes([]), 0)
})

test("a process's name may hold anything", (t) => {
  t.deepEqual(statFields('7 (a) b (c)) S 1 7').slice(0, 3), ['S', '1', '7'])
})
