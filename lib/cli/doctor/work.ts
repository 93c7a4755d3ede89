import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child'
import { type Listener, listeners } from './listening'
import type { Live } from './live'
import { answering, runLoad } from './load'
import type { Recorder } from './recorder'
import { type Answers, complaint, connections, findTarget, request, type Target } from './requests'
import type { Plan } from './trial'

/** What the first trial found out; the others do the same, so that their figures can be compared. */
export interface Agreed {
  /** Whether the command answers HTTP requests; undefined before the first trial. */
  answersHttp?: boolean
  protocol?: Target['protocol']
  requests?: number
  /** It was said that the command goes on. */
  goesOn?: boolean
}

export interface Work {
  /** Resources that this process's children had used when a load had been waited for. */
  ticks?: number
  answers?: Answers
  /** The command idles by now, so there is no need to watch it any longer. */
  idles?: boolean
  /** The doctor waited for a port longer than --duration, in vain: the figures are not those of the others. */
  searched?: boolean
}

/** Within this time the doctor says what it does about a command that goes on. */
const silentMs = 1500
const pollMs = 100
/** A command that listens on no port after this time is asked less often. */
const eagerMs = 15_000
const patientPollMs = 1000
/** A server has this time to begin to listen in the first trial, whatever --duration says. */
const startSeconds = 10
/** Of requests, without --duration. */
const requestSeconds = 5
/** The same number of requests may take another malloc this much longer. */
const patience = 4
/** Without --duration a command that listens nowhere may work this long, and is over when it has idled so long. */
export const workSecondsMost = 120
export const idleSecondsLeast = 10

/** A trial under way. */
export interface Course {
  plan: Plan
  child: Child
  recorder: Recorder
  agreed: Agreed
  live: Live
}

/** Returns when the work of the command is over. */
export async function work(course: Course): Promise<Work> {
  const { plan, child } = course
  const { duration, load, port, verbose } = plan
  if (port) await answering(port, () => child.exit !== undefined)
  if (load === undefined) return watch(course)
  const enough = duration === undefined ? child.ended : child.within(duration)
  const ticks = await runLoad(load, verbose, enough)
  return child.exit ? {} : { ticks }
}

/** Waits for the end of the command, or gives it work if it is a server. */
async function watch(course: Course): Promise<Work> {
  const { plan, child, recorder, agreed } = course
  const started = performance.now()
  const stopsIdle = plan.duration === undefined && !plan.replay
  let isSilent = agreed.answersHttp === undefined && !plan.replay
  while (!child.exit) {
    const target = await findWork(course)
    if (target) return { answers: await giveWork(course, target) }
    const passedMs = performance.now() - started
    if (stopsIdle && recorder.idleSeconds >= idleSeconds(plan)) return { idles: true }
    if (passedMs >= mostMs(plan, agreed)) return withoutPort(course)
    isSilent &&= agreed.answersHttp === undefined && !agreed.goesOn
    if (isSilent && passedMs >= silentMs) sayItGoesOn(course)
    await Promise.race([sleep(passedMs < eagerMs ? pollMs : patientPollMs), child.ended])
  }
  return {}
}

/** Without a port in the first trial the command is no server, and no other trial waits for one. */
function withoutPort({ plan, agreed, live }: Course): Work {
  const searched = agreed.answersHttp === undefined && searches(plan)
  agreed.answersHttp ??= false
  if (searched)
    live.say(
      `The command listens on no port after ${startSeconds} s, so the doctor requests nothing and begins its runs of ${plan.duration} s.`,
    )
  return { ...(searched && { searched }) }
}

function mostMs({ duration, replay, get }: Plan, { answersHttp }: Agreed): number {
  if (replay) return Number.POSITIVE_INFINITY
  const least = get !== undefined && answersHttp !== false ? startSeconds : 0
  return 1000 * Math.max(least, duration ?? workSecondsMost)
}

function idleSeconds({ settle }: Plan): number {
  return Math.max(idleSecondsLeast, 2 * settle)
}

/** What ends the watching. */
function limits(plan: Plan): string {
  if (plan.duration !== undefined) return `for ${plan.duration} s`
  return `until it ends, or has idled for ${idleSeconds(plan)} s, but at most ${workSecondsMost} s (--duration)`
}

function sayItGoesOn({ plan, agreed, live }: Course): void {
  agreed.goesOn = true
  const port = plan.get === undefined ? '' : ', and it listens on no port'
  const what = searches(plan)
    ? `waits up to ${startSeconds} s for a port, in this run alone (--no-get: in none)`
    : `watches it ${limits(plan)}`
  live.say(`After ${silentMs / 1000} s the command has not ended${port}. The doctor ${what}.`)
}

/** Whether the first trial may take longer than the others, because the doctor waits for a port. */
function searches({ duration = startSeconds, get }: Plan): boolean {
  return get !== undefined && duration < startSeconds
}

/** The HTTP server that the command is, as soon as it is one. */
async function findWork({ plan, recorder, agreed, live }: Course): Promise<Target | undefined> {
  const { get: path, port } = plan
  if (path === undefined || plan.replay || agreed.answersHttp === false) return undefined
  const found = listeners(recorder.living().map(({ pid }) => pid))
  const listener = port ? found.find((one) => one.port === port) : found[0]
  if (!listener) return undefined
  if (agreed.protocol) return { ...listener, path, protocol: agreed.protocol }
  live.say(`${listeningText(listener, found)}, so it does not end by itself.`)
  const target = await findTarget(listener, path)
  agreed.answersHttp = target !== undefined
  if (target) agreed.protocol = target.protocol
  live.say(target ? requestsText(target, plan) : silenceText(listener, plan))
  return target
}

function listeningText(one: Listener, all: readonly Listener[]): string {
  const others = all.filter((other) => other !== one).map(({ port }) => port)
  const rest = others.length > 0 ? ` (also on ${others.join(', ')}: --port chooses)` : ''
  return `The command listens on port ${one.port}${rest}`
}

function requestsText({ protocol, port, path }: Target, { settle, duration }: Plan): string {
  return [
    `The doctor requests ${protocol}://localhost:${port}${path} for ${duration ?? requestSeconds} s, ${connections} at a time,`,
    `then watches the command for ${settle} s and stops it. Other work: --get PATH, --load COMMAND, --duration S.`,
  ].join(' ')
}

function silenceText({ port }: Listener, plan: Plan): string {
  return `Port ${port} does not answer HTTP, so the doctor cannot give it work; --load COMMAND can. It watches the command ${limits(plan)}.`
}

/** In the first trial for a time, in the others the same number of requests. */
async function giveWork({ agreed, plan, child, live }: Course, target: Target): Promise<Answers> {
  const isFirst = agreed.requests === undefined
  const seconds = plan.duration ?? requestSeconds
  const answers = await request(target, {
    most: agreed.requests ?? Number.POSITIVE_INFINITY,
    seconds: isFirst ? seconds : patience * seconds,
    isOver: () => child.exit !== undefined,
  })
  if (isFirst) {
    agreed.requests = answers.requests
    const complained = complaint(answers, target)
    if (complained) live.say(complained)
  }
  return answers
}
