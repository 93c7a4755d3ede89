import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { installedLibrary } from '#dist/cli/bench/allocators'
import { dockerfileLine } from '#dist/cli/doctor/advice'
import { conditions } from '#dist/cli/doctor/condition'
import { ipv4, ipv6, parseTable } from '#dist/cli/doctor/listening'
import { crashSignal, figure, isFailed, outcome } from '#dist/cli/doctor/outcome'
import { statFields, treeBytes } from '#dist/cli/doctor/process-tree'
import { idleFrom } from '#dist/cli/doctor/recorder'
import { type Diagnosis, diagnosisPage, diagnosisText } from '#dist/cli/doctor/report'
import { complaint } from '#dist/cli/doctor/requests'
import { allocatorIn, type Sightings } from '#dist/cli/doctor/sightings'
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
  readings?: number
  threads?: number
  errorOutput?: string
  sightings?: Sightings
  requests?: number
}

const workSeconds = 10
const settleSeconds = 5

/** A command that grows for a second, works, and shrinks for a second. */
function trial(condition: string, course: Course, noise: number): Trial {
  const { peak, final, cpu = 8, exitCode, served = true, leak = 0, threads = 11 } = course
  const samples = Array.from({ length: 10 * (workSeconds + settleSeconds) + 1 }, (_, i) => {
    const seconds = i / 10
    const working = Math.min(seconds, 1) * peak + Math.min(seconds, workSeconds) * leak
    const falling = Math.min(Math.max(seconds - workSeconds, 0), 1) * (peak - final)
    const cpuSeconds = (Math.min(seconds, workSeconds) / workSeconds) * cpu
    const bytes = (working - falling + noise) * mib
    return { seconds, bytes, processes: 1, threads, cpuSeconds }
  })
  return {
    condition,
    samples: samples.slice(0, course.readings ?? samples.length),
    workSeconds,
    seconds: workSeconds + settleSeconds,
    peakBytes: Math.max(...samples.map(({ bytes }) => bytes)),
    finalBytes: samples.at(-1)?.bytes ?? 0,
    cpuSeconds: cpu + noise / 100,
    exit: { code: exitCode ?? null, signal: exitCode === undefined ? 'SIGTERM' : null },
    stopped: exitCode === undefined,
    served,
    errorOutput: course.errorOutput ?? '',
    ...(course.sightings && { sightings: course.sightings }),
    ...(course.requests && { answers: { requests: course.requests, statuses: {}, seconds: 1 } }),
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
  t.is(judged(near, true, [-50, 0, 50]).kind, 'too-noisy')
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
  t.regex(line(7.9) ?? '', /is the same .* within the noise/)
})

test('processor time within the ticks of the clock is not compared', (t) => {
  const said = (own: number, other: number) => {
    const courses = { system: { ...big, cpu: own }, superslab: { ...small, cpu: other } }
    return judged(courses, true, [0, 0, 0]).lines.join(' ')
  }
  t.regex(said(0.01, 0.09), /too little to compare/)
  t.regex(said(0.2, 0.18), /within the noise/)
  t.regex(said(0.2, 0.17), /15 % less/)
  t.regex(said(0.2, 0.24), /20 % more/)
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

// ---- what is not a verdict on memory ----

test('a crash is called a crash, and whose it is', (t) => {
  const crash = { ...big, exitCode: 139 }
  const said = (courses: Record<string, Course>) => {
    const { kind, lines } = judged(courses)
    return `${kind}: ${lines.join(' ')}`
  }
  const every = said({ system: crash, superslab: crash, jemalloc: crash })
  t.regex(every, /^command-crashes: .* under every malloc, .*SIGSEGV, 3 of 3 runs.*in the command/)
  const own = said({ system: crash, superslab: small })
  t.regex(own, /^command-crashes: .*under the system's malloc .*not under superslab/)
  const one = said({ system: big, superslab: crash, jemalloc: small })
  t.regex(one, /^superslab-breaks-it: .* under superslab \(SIGSEGV.*please report it/)
  const preloaded = said({ system: big, superslab: crash, jemalloc: crash })
  t.regex(preloaded, /^superslab-breaks-it: .*superslab, jemalloc.*Do not preload any malloc/)
  const misuse = { ...crash, exitCode: 134, errorOutput: 'x\nsuperslab: double free: 0x7f00' }
  t.regex(said({ system: big, superslab: misuse }), /wrong pointer to free .*: double free: 0x7f00/)
  const peer = said({ system: big, superslab: small, jemalloc: crash })
  t.regex(peer, /^superslab-helps: .*It crashes under jemalloc/)
})

test('the hardened library says what it found or costs, and is never the advice', (t) => {
  const said = (hardened: Course, others: Record<string, Course> = {}) =>
    judged({
      system: big,
      superslab: { ...small, cpu: 4 },
      ...others,
      'superslab-hardened': hardened,
    })
  const sound = said({ peak: 100, final: 10, cpu: 5 })
  t.is(sound.choice, 'superslab')
  t.is(
    sound.lines.at(-1),
    'superslab-hardened found no misuse. It takes 25 % more processor time than superslab, and keeps 100 MiB at its peak, 500 MiB under superslab.',
  )
  const line = 'superslab: overflow: 0x7f00, one byte past a block of 24 bytes'
  const found = said({ ...small, exitCode: 134, errorOutput: `x\n${line}\n` })
  t.is(found.kind, 'superslab-helps')
  t.regex(
    found.lines.at(-1) ?? '',
    /^superslab-hardened ended the command: overflow: 0x7f00, one byte past a block of 24 bytes\. The fault is in the command/,
  )
  t.notRegex(found.lines.slice(0, -1).join(' '), /hardened/)
  t.regex(
    said({ ...small, exitCode: 139 }).lines.at(-1) ?? '',
    /fails under superslab-hardened \(SIGSEGV\).*report it/,
  )
  t.regex(said({ ...small, served: false }).lines.at(-1) ?? '', /loaded into no process/)
  const failing = judged({
    system: { ...big, exitCode: 3 },
    superslab: big,
    'superslab-hardened': { ...big, exitCode: 3 },
  })
  t.is(failing.kind, 'command-fails')
})

test('a crash is known by its signal or by a shell’s exit code, a stop is none', (t) => {
  const exit = (code: number | null, signal: NodeJS.Signals | null) => ({ exit: { code, signal } })
  t.is(crashSignal(exit(null, 'SIGSEGV')), 'SIGSEGV')
  t.is(crashSignal(exit(134, null)), 'SIGABRT')
  t.is(crashSignal(exit(null, 'SIGTERM')), undefined)
  t.is(crashSignal(exit(3, null)), undefined)
  const stopped = trial('system', big, 0)
  t.false(isFailed(stopped))
  const wanted = { ...stopped, ...exit(null, 'SIGABRT'), stopSignal: 'SIGABRT' as const }
  t.false(isFailed(wanted))
  t.true(isFailed({ ...wanted, stopSignal: 'SIGTERM' }))
})

test('a command of a few readings is too short, not unserved', (t) => {
  const short = { ...big, exitCode: 0, readings: 4, served: false }
  const { kind, lines } = judged({ system: short }, false)
  t.is(kind, 'too-short', lines.join(' '))
  t.is(judged({ system: big, superslab: short }, false).kind, 'too-short')
  t.is(
    judged({ system: big, superslab: { ...short, readings: 5 } }, false).kind,
    'superslab-did-not-serve',
  )
})

test('where the memory after the work is alike, the peak decides', (t) => {
  const lower = { system: { peak: 700, final: 300 }, superslab: { peak: 400, final: 290 } }
  const { kind, lines } = judged(lower)
  t.is(kind, 'superslab-helps')
  t.regex(lines[0] ?? '', /at its peak/)
})

// ---- remarks ----

const share = (servedMib: number, served = true) => ({
  bytes: 500 * mib,
  servedBytes: servedMib * mib,
  largest: { name: 'python3', served },
})

function remarksOn(sightings: Sightings, arenaThreads = 11): string {
  const courses = {
    system: big,
    'system-2-arenas': { ...big, threads: arenaThreads },
    superslab: { ...big, sightings },
  }
  return judged(courses).lines.join(' ')
}

test('a malloc inside of an addon is named where the memory lies outside of superslab', (t) => {
  const allocators = [{ library: 'rspack.node', allocator: 'mimalloc' }]
  const seen = { allocators, usesSharp: false }
  t.regex(
    remarksOn({ ...seen, last: share(100) }),
    /rspack\.node has a malloc of its own, mimalloc.*400 MiB of 500 MiB lie outside/,
  )
  t.notRegex(remarksOn({ ...seen, last: share(480) }), /rspack/)
})

test('the largest process is named if superslab does not serve it', (t) => {
  const seen = { allocators: [], usesSharp: false }
  t.regex(
    remarksOn({ ...seen, last: share(10, false) }),
    /does not serve .* python3.*--children all/,
  )
  t.notRegex(remarksOn({ ...seen, last: share(400) }), /python3/)
})

test('more threads of sharp under MALLOC_ARENA_MAX are said', (t) => {
  const seen = { allocators: [], usesSharp: true }
  t.regex(
    remarksOn(seen, 15),
    /sharp does not use the same number of threads.*system 11, system-2-arenas 15/,
  )
  t.notRegex(remarksOn(seen), /sharp/)
  t.notRegex(remarksOn({ ...seen, usesSharp: false }, 15), /sharp/)
})

test('an allocator under which the command did less is not the best', (t) => {
  const less = judged({
    system: { ...big, requests: 100 },
    superslab: { ...small, requests: 96 },
    tcmalloc: { peak: 100, final: 50, requests: 80 },
  })
  t.is(less.kind, 'superslab-helps')
  t.regex(less.lines.join(' '), /Under tcmalloc there was time for 80 of 100 requests only/)
  for (const [ofSystem, ofSuperslab] of [
    [100, 80],
    [80, 100],
  ]) {
    const system = { ...big, requests: ofSystem as number }
    const superslab = { ...small, requests: ofSuperslab as number }
    const { kind, lines } = judged({ system, superslab })
    t.is(kind, 'too-noisy')
    t.regex(lines.join(' '), /did not do the same work.*80 of 100 requests only/)
  }
})

const folder = mkdtempSync(path.join(tmpdir(), 'superslab-doctor-units-'))
test.after.always(() => rmSync(folder, { recursive: true }))

test('an allocator is known by its messages, also across the pieces that are read', (t) => {
  const file = (name: string, text: string, before: number) => {
    const place = path.join(folder, name)
    writeFileSync(
      place,
      Buffer.concat([Buffer.alloc(before), Buffer.from(text), Buffer.alloc(100)]),
    )
    return place
  }
  t.is(allocatorIn(file('one', 'mimalloc: warning', 10)), 'mimalloc')
  t.is(allocatorIn(file('split', 'mimalloc: warning', 2 ** 20 - 8)), 'mimalloc')
  t.is(allocatorIn(file('far', '<jemalloc>: ', 3 * 2 ** 20)), 'jemalloc')
  t.is(allocatorIn(file('none', 'malloc', 10)), undefined)
  t.is(allocatorIn(path.join(folder, 'missing')), undefined)
})

test('mimalloc 2 and 3 are found by their versions, and jemalloc is tried tuned too', (t) => {
  const place = path.join(folder, 'lib')
  const two = path.join(folder, 'two')
  for (const [at, files, link] of [
    [place, ['libmimalloc.so.3.1', 'libjemalloc.so.2'], 'libmimalloc.so.3.1'],
    [two, ['libmimalloc.so.2.0'], 'libmimalloc.so.2.0'],
  ] as const) {
    mkdirSync(at)
    for (const file of files) writeFileSync(path.join(at, file), '')
    symlinkSync(link, path.join(at, 'libmimalloc.so'))
  }
  const base = (name: string, at: string) => path.basename(installedLibrary(name, [at]) ?? '')
  t.is(base('mimalloc3', place), 'libmimalloc.so')
  t.is(base('mimalloc', place), '')
  t.is(base('mimalloc', two), 'libmimalloc.so')
  t.is(base('mimalloc3', two), '')
  const all = conditions('/superslab.so', 'node', (name) => installedLibrary(name, [place]))
  const names = all.map(({ name }) => name)
  t.deepEqual(names, [
    ...['system', 'system-2-arenas', 'superslab', 'mimalloc3', 'jemalloc', 'jemalloc-tuned'],
  ])
  const tuned = all.find(({ name }) => name === 'jemalloc-tuned')
  t.regex(tuned?.environment.MALLOC_CONF ?? '', /background_thread:true,dirty_decay_ms:1000/)
  const line = tuned && dockerfileLine(tuned, ['node'])
  t.is(line, `ENV LD_PRELOAD=${tuned?.library} MALLOC_CONF=${tuned?.environment.MALLOC_CONF}`)
})

test('the line for a Dockerfile is that of the condition', (t) => {
  const [system, arenas, superslab] = conditions('/superslab.so', 'node', () => undefined)
  const command = ['node', '-e', 'console.log("a b")']
  t.is(system && dockerfileLine(system, command), undefined)
  t.is(arenas && dockerfileLine(arenas, command), 'ENV MALLOC_ARENA_MAX=2')
  const line = superslab && dockerfileLine(superslab, command)
  t.true(line?.startsWith('CMD '))
  t.deepEqual(JSON.parse(line?.slice(4) ?? ''), [
    'node_modules/.bin/superslab',
    'run',
    '--',
    ...command,
  ])
  const all = superslab && dockerfileLine(superslab, command, 'all')
  t.regex(all ?? '', /"run", "--children=all", "--"/)
})

// ---- what the doctor sees ----

test('the kernel’s table of sockets is read', (t) => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 4711 1 0 100',
    '   1: 0100007F:0BB8 0100007F:C350 01 00000000:00000000 00:00000000 00000000  0  0 4712 1 0 100',
  ].join('\n')
  t.deepEqual(parseTable(text), [{ address: '0100007F', port: 3000, inode: '4711' }])
  t.is(ipv4('0100007F'), '127.0.0.1')
  t.is(ipv4('00000000'), '127.0.0.1')
  t.is(ipv4('0500000A'), '10.0.0.5')
  t.is(ipv6('00000000000000000000000000000000'), '::1')
  t.is(ipv6('00000000000000000000000001000000'), '0000:0000:0000:0000:0000:0000:0000:0001')
})

test('a command idles from where its processor time rests', (t) => {
  const course = (cpu: (seconds: number) => number) =>
    Array.from({ length: 101 }, (_, i) => {
      const seconds = i / 10
      return { seconds, bytes: 1, processes: 1, threads: 1, cpuSeconds: cpu(seconds) }
    })
  const until = idleFrom(course((seconds) => Math.min(seconds, 4)))
  t.true(until !== undefined && until >= 3.6 && until <= 4, `${until}`)
  t.is(idleFrom(course(() => 0)), 0)
  const busy = idleFrom(course((seconds) => seconds))
  t.true(busy !== undefined && busy > 9.8, `${busy}`)
  t.is(idleFrom([]), undefined)
})

test('requests that are no usual work are said', (t) => {
  const target = { host: '::1', port: 3000, path: '/', protocol: 'http' as const }
  const said = (statuses: Record<string, number>) =>
    complaint({ requests: 10, statuses, seconds: 1 }, target)
  t.is(said({ 200: 6, 404: 4 }), undefined)
  t.is(said({ 304: 10 }), undefined)
  t.regex(said({ 404: 10 }) ?? '', /^10 of 10 requests of \/ were answered with 404.*--get/)
  t.regex(said({ 0: 8, 200: 2 }) ?? '', /^8 of 10 .* had no complete answer/)
})

// ---- the report ----

function diagnosis(courses: Record<string, Course>, command = ['node', 'server.js']): Diagnosis {
  const trials = Object.entries(courses).flatMap(([name, course]) =>
    [-2, 0, 2].map((noise) => trial(name, course, noise)),
  )
  const outcomes = Object.keys(courses).map((name) =>
    outcome(
      name,
      trials.filter(({ condition }) => condition === name),
    ),
  )
  const machine = { cpu: 'A processor', cpus: 2, memoryBytes: 1, system: 'Linux x64', kernel: '6' }
  const build = { libc: 'glibc 2.36', node: 'v20.1.0', superslab: '1', commit: '', compiler: '' }
  return {
    date: '2026-01-01T00:00:00Z',
    environment: { ...machine, ...build, flags: '-O3' },
    plan: { command, settle: 5, signal: 'SIGTERM', intervalMs: 50, verbose: false, get: '/' },
    repeat: 'npx superslab doctor -- node server.js',
    outcomes,
    verdict: verdict(outcomes, true),
    dockerfile: 'CMD ["node_modules/.bin/superslab", "run", "--", "node", "server.js"]',
    trials,
  }
}

test('the report fits terminals of 40, 60 and 80 columns, and ends with the line to paste', (t) => {
  const shown = diagnosis({ system: big, 'system-2-arenas': big, superslab: small, jemalloc: big })
  for (const width of [40, 60, 80]) {
    const lines = diagnosisText(shown, width).split('\n')
    const paste = lines.pop()
    t.is(paste, shown.dockerfile)
    for (const line of lines) t.true(line.length <= width, `${width}: ${line}`)
    t.regex(lines.join('\n'), /^superslab +500 MiB/m)
  }
  t.regex(diagnosisText(shown, 80), /^system-2-arenas +700 MiB ±/m)
  t.notRegex(diagnosisText(shown, 40), /after work +CPU/)
})

test('a report without figures has no table', (t) => {
  const shown = diagnosis({ system: { ...big, exitCode: 3 } })
  t.notRegex(diagnosisText(shown), /allocator +peak|NaN/)
})

test('the page has the verdict, the line to paste, and itself as Markdown', (t) => {
  const page = diagnosisPage(diagnosis({ system: big, superslab: small }))
  t.regex(page, /<strong>180 MiB after the work under superslab, 70 % less/)
  t.regex(page, /<pre><code>CMD \[&quot;node_modules\/\.bin\/superslab&quot;/)
  t.regex(page, /<details><summary><h2>As Markdown<\/h2>/)
  t.regex(page, /^\| superslab \| 500 MiB ±/m)
  t.regex(page, /npx superslab doctor -- node server\.js/)
})
