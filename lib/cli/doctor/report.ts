import type { Environment } from '../bench/machine'
import { machineLines, plainTable } from '../bench/table'
import { mebibytes, seconds } from '../format'
import { type LineSeries, thinned } from '../page/chart'
import { html, type Table } from '../page/document'
import type { Figure, Outcome } from './outcome'
import type { Plan, Trial } from './trial'
import type { Verdict } from './verdict'

/** The results of all trials. */
export interface Diagnosis {
  date: string
  environment: Environment
  plan: Plan
  outcomes: Outcome[]
  verdict: Verdict
  trials: Trial[]
}

export function diagnosisText(diagnosis: Diagnosis): string {
  const { head, rows, words } = table(diagnosis)
  const { environment: machine, trials, outcomes } = diagnosis
  const { replay } = diagnosis.plan
  const runs = trials.length / outcomes.length
  return [
    plainTable(head, rows, words),
    '',
    ...diagnosis.verdict.lines,
    '',
    runs > 1
      ? `Medians of ${runs} interleaved runs ± twice the standard error.`
      : 'One run each, taken to be right within a tenth; --runs tells better.',
    ...(replay
      ? [`Of each figure ${mebibytes(replay.ownBytes)} are taken off, which a replay needs itself.`]
      : []),
    ...machineLines(machine),
  ].join('\n')
}

function table({ outcomes, trials, plan }: Diagnosis): Table {
  const settled =
    plan.replay !== undefined || trials.some(({ workSeconds }) => workSeconds !== undefined)
  return {
    head: ['allocator', 'peak', settled ? 'after the work' : 'at the end', 'CPU', 'exit'],
    rows: outcomes.map((one) => [
      one.condition,
      figureText(one.peak, mebibytes),
      figureText(one.final, mebibytes),
      figureText(one.cpu, seconds),
      one.served ? one.exits.join(', ') : 'not loaded',
    ]),
    words: 1,
  }
}

function figureText({ median, noise }: Figure, text: (value: number) => string): string {
  return `${text(median)} ±${text(noise).split(' ')[0]}`
}

export function diagnosisPage(diagnosis: Diagnosis): string {
  const { plan, verdict, environment, trials } = diagnosis
  const workSeconds = trials.find((one) => one.workSeconds !== undefined)?.workSeconds
  return html({
    title: plan.replay ? `replay of ${plan.replay.file}` : plan.command.join(' '),
    subtitle: `superslab doctor, ${diagnosis.date.slice(0, 16).replace('T', ' ')} UTC`,
    summary: verdict.lines,
    sections: [
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
        text: 'The thick line of an allocator is its trial with the middle final figure, the thin ones are the others.',
      },
      { heading: 'Figures', table: table(diagnosis), text: machineLines(environment).join(' · ') },
    ],
    data: diagnosis,
  })
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
