import { duration, mebibytes, seconds } from '../format'
import { type Condition, superslabName } from './condition'
import type { Live } from './live'
import { crashSignal, isFailed, isShort } from './outcome'
import { type Plan, runTrial, type Trial } from './trial'
import type { Agreed } from './work'

/** Runs every condition once per round, in the opposite order in every other round. */
export async function runTrials(
  plan: Plan,
  chosen: readonly Condition[],
  runs: number,
  agreed: Agreed,
  live: Live,
): Promise<Trial[]> {
  const trials: Trial[] = []
  const started = performance.now()
  let order = Array.from({ length: runs }, (_, round) =>
    round % 2 === 0 ? chosen : chosen.toReversed(),
  ).flat()
  live.say(`The doctor runs the command ${timesText(order, chosen)}.`)
  while (trials.length < order.length) {
    const condition = order[trials.length] as Condition
    const place = `run ${trials.length + 1} of ${order.length}, ${condition.name}`
    live.suffix = remaining(trials.length, order.length, started)
    live.state = () => place
    const trial = await runTrial(plan, condition, agreed, live)
    if (trial.searched) continue
    trials.push(trial)
    live.say(`${place}: ${trialText(trial)}`)
    order = following(order, chosen, trials)
  }
  return trials
}

function timesText(order: readonly Condition[], chosen: readonly Condition[]): string {
  const runs = order.length / chosen.length
  const each = runs === 1 ? 'once each' : `${runs} times each`
  return `${each} under ${chosen.map(({ name }) => name).join(', ')}`
}

function remaining(done: number, all: number, started: number): string {
  if (done === 0) return ''
  const each = (performance.now() - started) / 1000 / done
  return ` (about ${duration(each * (all - done))} left)`
}

function trialText(trial: Trial): string {
  const { peakBytes, finalBytes, cpuSeconds, workSeconds, exit } = trial
  const crashed = crashSignal(trial)
  if (crashed) return `crashed, ${crashed}`
  if (isFailed(trial)) return `failed, ${exit.signal ?? `exit code ${exit.code}`}`
  const after = workSeconds === undefined ? '' : `, ${mebibytes(finalBytes)} after the work`
  return `${mebibytes(peakBytes)} at the peak${after}, ${seconds(cpuSeconds)} of CPU`
}

/** Whether more trials can change the verdict. */
function following(
  order: readonly Condition[],
  chosen: readonly Condition[],
  trials: readonly Trial[],
): Condition[] {
  const [first] = trials
  if (!first) return [...order]
  // A crash is tried under every malloc, to tell whose it is; a failure or a short command once more.
  if (isFailed(first) && crashSignal(first)) return [...chosen]
  if (isFailed(first)) return chosen.slice(0, 1)
  if (isShort(first)) return chosen.slice(0, 1)
  const broken = trials.some((one) => one.condition === superslabName && isFailed(one))
  return broken
    ? order.slice(0, Math.ceil(trials.length / chosen.length) * chosen.length)
    : [...order]
}
