import { median } from '../bench/statistics'
import type { Explanation } from '../explain/explanation'
import { Child, type Exit, endAll } from './child'
import { type Condition, conditioned } from './condition'
import { heldBy } from './held'
import { answering, runLoad, unanswered } from './load'
import { ticksPerSecond, waitedTicks } from './process-tree'
import { Recorder, type Sample } from './recorder'

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
  /** When the work was over and the watching began, if the command went on. */
  workSeconds?: number
  seconds: number
  peakBytes: number
  /** The median of the last second. */
  finalBytes: number
  cpuSeconds: number
  exit: Exit
  /** Ended by the plan, not by itself. */
  stopped: boolean
  /** Whether the condition's library was found in a process of the command. */
  served: boolean
  /** Under the system's malloc, if the command went on: who held the memory at the end. */
  held?: Explanation
  /** The end of what the command wrote to its standard error. */
  errorOutput: string
}

const finalSeconds = 1

export async function runTrial(plan: Plan, condition: Condition): Promise<Trial> {
  if (plan.port) await unanswered(plan.port)
  const ticksBefore = waitedTicks()
  const environment = { ...process.env, ...condition.environment }
  const child = await Child.start(conditioned(plan.command, condition), environment, plan.verbose)
  const recorder = new Recorder(child.pid, condition.library)
  recorder.start(plan.intervalMs)
  let ticksFrom = ticksBefore
  let workSeconds: number | undefined
  let stopped = false
  let seconds = 0
  let orphanTicks = 0
  let held: Explanation | undefined
  try {
    ticksFrom = (await work(plan, child)) ?? ticksBefore
    if (!child.exit) {
      workSeconds = recorder.seconds
      await child.within(plan.settle)
    }
    stopped = !child.exit
    seconds = recorder.seconds
    if (stopped) held = heldBy(condition.name, recorder.living())
  } finally {
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
  return {
    condition: condition.name,
    samples,
    ...(workSeconds !== undefined && { workSeconds }),
    seconds,
    peakBytes: without(recorder.peakBytes),
    finalBytes: finalBytes(samples),
    cpuSeconds: (child.ticksAtEnd - ticksFrom + orphanTicks) / ticksPerSecond,
    exit: await child.ended,
    stopped,
    served: recorder.isFound,
    ...(held && { held }),
    errorOutput: child.errorOutput.trim(),
  }
}

/** Returns when the work is over; if the load was waited for first, with the resources that it used. */
async function work(
  { duration, load, port, verbose }: Plan,
  child: Child,
): Promise<number | undefined> {
  if (port) await answering(port, () => child.exit !== undefined)
  const enough = duration === undefined ? child.ended : child.within(duration)
  if (load === undefined) {
    await enough
    return undefined
  }
  const ticks = await runLoad(load, verbose, enough)
  return child.exit ? undefined : ticks
}

function finalBytes(samples: readonly Sample[]): number {
  const end = samples.at(-1)?.seconds ?? 0
  const last = samples.filter(({ seconds }) => seconds >= end - finalSeconds)
  return median(last.map(({ bytes }) => bytes))
}
