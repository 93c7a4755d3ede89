import type { Environment } from '../bench/machine'
import { machineLines, plainTable } from '../bench/table'
import { mebibytes, seconds, wrapped } from '../format'
import { type LineSeries, thinned } from '../page/chart'
import { html, type Section, type Table } from '../page/document'
import type { Figure, Outcome } from './outcome'
import { connections } from './requests'
import type { Plan, Trial } from './trial'
import type { Verdict } from './verdict'

/** The results of all trials. */
export interface Diagnosis {
  date: string
  environment: Environment
  plan: Plan
  /** The command line that repeats it. */
  repeat: string
  outcomes: Outcome[]
  verdict: Verdict
  /** The line that puts the verdict into a Dockerfile. */
  dockerfile?: string
  trials: Trial[]
}

/** Columns of a terminal that show the noise, and those that show the processor time. */
const widthOfNoise = 64
const widthOfCpu = 52

/** What is printed; prose is broken into lines where a width is given. */
export function diagnosisText(diagnosis: Diagnosis, width?: number): string {
  const { environment: machine, verdict, dockerfile } = diagnosis
  const figures = hasFigures(diagnosis)
    ? [figuresText(diagnosis, width), '', ...howLines(diagnosis), ...setup(machine), '']
    : []
  return [
    ...figures.map((line) => (line.includes('\n') ? line : wrapped(line, width))),
    ...verdict.lines.map((line) => wrapped(line, width)),
    ...(dockerfile ? ['', 'The line for a Dockerfile:', dockerfile] : []),
  ].join('\n')
}

/** The compiler's flags are for benchmarks. */
function setup(machine: Environment): string[] {
  const [system] = machineLines(machine)
  return [`${system}, Node ${machine.node.slice(1)}, superslab ${machine.superslab}.`]
}

/** A command that failed or was too short has none that mean something. */
function hasFigures({ verdict }: Diagnosis): boolean {
  return !['command-fails', 'command-crashes', 'too-short'].includes(verdict.kind)
}

function figuresText(diagnosis: Diagnosis, width = Number.POSITIVE_INFINITY): string {
  const { head, rows, words } = table(diagnosis, width)
  return plainTable(head, rows, words)
}

function howLines({ trials, outcomes, plan }: Diagnosis): string[] {
  const runs = Math.max(...outcomes.map((one) => one.trials))
  return [
    runs > 1
      ? `Medians of ${runs} interleaved runs, ± twice the standard error.`
      : 'One run each; ± a tenth is assumed. More --runs show the noise.',
    ...workLines(plan, trials),
    ...(plan.replay
      ? [`${mebibytes(plan.replay.ownBytes)} are subtracted, which the replay itself needs.`]
      : []),
  ]
}

/** What the command had to do. */
function workLines({ load, get, duration, settle }: Plan, trials: readonly Trial[]): string[] {
  const answers = trials.find((one) => one.answers)?.answers
  const watched = `then ${settle} s of watching.`
  if (load) return [`The work: ${load}; ${watched}`]
  if (answers) {
    const statuses = Object.entries(answers.statuses)
      .map(
        ([status, count]) => `${count.toLocaleString('en')} × ${status === '0' ? 'none' : status}`,
      )
      .join(', ')
    return [
      `The work: ${answers.requests.toLocaleString('en')} requests of ${get}, ${connections} at a time, answers ${statuses}; ${watched}`,
    ]
  }
  return duration ? [`The work: ${duration} s; ${watched}`] : []
}

function table({ outcomes }: Diagnosis, width = Number.POSITIVE_INFINITY): Table {
  const settled = outcomes.some((one) => one.settled)
  const problems = outcomes.map(problem)
  const hasProblems = problems.some((text) => text !== '')
  const cell = (figure: Figure, text: (value: number) => string) =>
    width < widthOfNoise ? text(figure.median) : figureText(figure, text)
  const columns: [string, (one: Outcome) => string][] = [
    ['allocator', ({ condition }) => condition],
    ['peak', ({ peak }) => cell(peak, mebibytes)],
    [settled ? 'after work' : 'at the end', ({ final }) => cell(final, mebibytes)],
  ]
  if (width >= widthOfCpu) columns.push(['CPU', ({ cpu }) => cell(cpu, seconds)])
  return {
    head: [...columns.map(([name]) => name), ...(hasProblems ? [''] : [])],
    rows: outcomes.map((one, i) => [
      ...columns.map(([, text]) => text(one)),
      ...(hasProblems ? [problems[i] ?? ''] : []),
    ]),
    words: 1,
  }
}

function problem({ served, failures, crashes, exits }: Outcome): string {
  const how = exits.filter((exit) => exit !== '0' && !exit.startsWith('stopped')).join(', ')
  if (crashes > 0) return how
  if (failures > 0) return `exit ${how}`
  return served ? '' : 'not loaded'
}

function figureText({ median, noise }: Figure, text: (value: number) => string): string {
  if (!Number.isFinite(median)) return '–'
  return `${text(median)} ±${text(noise).split(' ')[0]}`
}

// ---- the page ----

export function diagnosisPage(diagnosis: Diagnosis): string {
  const { plan, verdict, environment, trials, dockerfile } = diagnosis
  const workSeconds = trials.find((one) => one.workSeconds !== undefined)?.workSeconds
  const advice: Section[] = dockerfile
    ? [{ heading: 'The line for a Dockerfile', code: dockerfile }]
    : []
  return html({
    title: plan.replay ? `replay of ${plan.replay.file}` : plan.command.join(' '),
    subtitle: `superslab doctor, ${diagnosis.date.slice(0, 16).replace('T', ' ')} UTC`,
    summary: verdict.lines,
    sections: [
      ...advice,
      { heading: 'Figures', table: table(diagnosis), text: howLines(diagnosis).join(' ') },
      {
        heading: 'Memory over time',
        charts: [
          {
            kind: 'line',
            title: 'Resident memory of all processes of the command',
            x: 'seconds since the start',
            y: 'MiB',
            series: curves(diagnosis),
            ...(workSeconds !== undefined && {
              marks: [{ x: workSeconds, label: 'end of the work' }],
            }),
          },
        ],
        text: 'The thick line of an allocator is its run with the middle final figure, the thin lines are its other runs.',
      },
      { heading: 'To repeat it', code: diagnosis.repeat, text: setup(environment).join(' ') },
      { heading: 'As Markdown', code: markdown(diagnosis), folded: true },
    ],
    data: diagnosis,
  })
}

/** For the text of a pull request. */
function markdown(diagnosis: Diagnosis): string {
  const { head, rows } = table(diagnosis)
  const { verdict, repeat, environment, dockerfile } = diagnosis
  const [first = '', ...rest] = verdict.lines
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    `**${first}** ${rest.join(' ')}`,
    '',
    line(head),
    `|${head.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map(line),
    '',
    `\`${repeat}\`: ${howLines(diagnosis).join(' ')} ${setup(environment).join(' ')}`,
    ...(dockerfile ? ['', '```dockerfile', dockerfile, '```'] : []),
  ].join('\n')
}

function curves({ outcomes, trials }: Diagnosis): LineSeries[] {
  return outcomes.flatMap(({ condition }) => {
    const own = trials
      .filter((trial) => trial.condition === condition)
      .toSorted((a, b) => a.finalBytes - b.finalBytes)
    const middle = own[Math.floor(own.length / 2)]
    return own.map((trial) => ({
      name: condition,
      points: thinned(
        trial.samples.map(({ seconds, bytes }) => [round(seconds), round(bytes / 2 ** 20)]),
      ),
      ...(trial !== middle && { faint: true }),
    }))
  })
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
