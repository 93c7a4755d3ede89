import { median } from '../bench/statistics'
import type { Explanation } from '../explain/explanation'
import { mebibytes, seconds } from '../format'
import { Child, type Exit, endAll } from './child'
import { type Condition, conditioned, superslabName } from './condition'
import { heldBy } from './held'
import type { Live } from './live'
import { unanswered } from './load'
import { ticksPerSecond, waitedTicks } from './process-tree'
import { idleFrom, Recorder, type Sample } from './recorder'
import type { Answers } from './requests'
import type { Sightings } from './sightings'
import { type Agreed, type Work, work } from './work'

/** How the command is run, the same for every trial. */
export interface Plan {
  command: readonly string[]
  /** The command replays this recording. The replay's own memory is the same under each condition, and subtracted. */
  replay?: { file: string; ownBytes: number }
  /** Seconds of work, for a command that does not end by itself. */
  duration?: number
  /** A shell command that gives it work; when this ends, the work is over. */
  load?: string
  /** Where the command must answer before the work begins. */
  port?: number
  /** The path that is requested from a command that listens; undefined: none is. */
  get?: string
  /** Seconds watched after the work. */
  settle: number
  /** The signal that then ends the command. */
  signal: NodeJS.Signals
  intervalMs: number
  verbose: boolean
}

/** One run of the command under one condition. */
export interface Trial {
  condition: string
  samples: Sample[]
  /** When the work was over and the command went on, watched or idle. */
  workSeconds?: number
  seconds: number
  peakBytes: number
  /** The median of the last second. */
  finalBytes: number
  cpuSeconds: number
  exit: Exit
  /** Ended by the plan, not by itself. */
  stopped: boolean
  /** It only found out that the command listens on no port: see Work. */
  searched?: boolean
  /** The signal that the plan then sent. */
  stopSignal?: NodeJS.Signals
  /** Whether the condition's library was found in a process of the command. */
  served: boolean
  /** Under the system's malloc, if the command went on: what held the memory at the end. */
  held?: Explanation
  /** The requests that were its work. */
  answers?: Answers
  /** Under superslab: where the memory was. */
  sightings?: Sightings
  /** The end of what the command wrote to its standard error. */
  errorOutput: string
}

const finalSeconds = 1

export async function runTrial(
  plan: Plan,
  condition: Condition,
  agreed: Agreed,
  live: Live,
): Promise<Trial> {
  if (plan.port) await unanswered(plan.port)
  const ticksBefore = waitedTicks()
  const environment = { ...process.env, ...condition.environment }
  const child = await Child.start(conditioned(plan.command, condition), environment, plan.verbose)
  const recorder = new Recorder(child.pid, condition.library, condition.name === superslabName)
  recorder.start(plan.intervalMs)
  const state = live.state
  live.state = () => `${state()}${readingText(recorder.last)}`
  let done: Work = {}
  let workSeconds: number | undefined
  let stopped = false
  let watched = 0
  let orphanTicks = 0
  let held: Explanation | undefined
  try {
    done = await work({ plan, child, recorder, agreed, live })
    if (!child.exit && !done.idles && !done.searched) {
      workSeconds = recorder.seconds
      await child.within(plan.settle)
    }
    stopped = !child.exit
    watched = recorder.seconds
    if (stopped) held = heldBy(condition.name, recorder.living())
  } finally {
    live.state = state
    await recorder.stop()
    await child.stop(plan.signal)
    // The kernel adds up only processes that were waited for, and these were not.
    orphanTicks = recorder.living().reduce((sum, { cpuTicks }) => sum + cpuTicks, 0)
    await endAll(() => recorder.living().map(({ pid }) => pid), plan.signal)
    await child.close()
  }
  const own = plan.replay?.ownBytes ?? 0
  const without = (bytes: number) => Math.max(0, bytes - own)
  const samples = recorder.samples.map((one) => ({ ...one, bytes: without(one.bytes) }))
  workSeconds ??= idleBefore(samples)
  // The kernel counts processes that were waited for. A parent that is stopped does not wait for its children, as
  // cluster's: then the readings have more.
  const counted = child.ticksAtEnd - (done.ticks ?? ticksBefore) + orphanTicks
  return {
    condition: condition.name,
    samples,
    ...(workSeconds !== undefined && { workSeconds }),
    seconds: watched,
    peakBytes: without(recorder.peakBytes),
    finalBytes: finalBytes(samples),
    cpuSeconds: Math.max(counted / ticksPerSecond, recorder.last?.cpuSeconds ?? 0),
    exit: await child.ended,
    stopped,
    ...(done.searched && { searched: true }),
    ...(stopped && { stopSignal: plan.signal }),
    served: recorder.isFound,
    ...(held && { held }),
    ...(done.answers && { answers: done.answers }),
    ...(recorder.sight && { sightings: recorder.sight.sightings }),
    errorOutput: child.errorOutput.trim(),
  }
}

/** A command that ended by itself, but idled first, is judged by its idle memory too. */
const idleSecondsLeast = 2

function idleBefore(samples: readonly Sample[]): number | undefined {
  const from = idleFrom(samples)
  const end = samples.at(-1)?.seconds ?? 0
  return from !== undefined && from > 0 && end - from >= idleSecondsLeast ? from : undefined
}

function readingText(last: Sample | undefined): string {
  return last ? `: ${mebibytes(last.bytes)}, ${seconds(last.cpuSeconds)} of CPU` : ''
}

function finalBytes(samples: readonly Sample[]): number {
  const end = samples.at(-1)?.seconds ?? 0
  const last = samples.filter(({ seconds }) => seconds >= end - finalSeconds)
  return median(last.map(({ bytes }) => bytes))
}
