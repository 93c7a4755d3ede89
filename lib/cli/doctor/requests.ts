import http from 'node:http'
import https from 'node:https'
import type { Listener } from './listening'

/** What requests to the command had for answers. */
export interface Answers {
  requests: number
  /** Answers by their status; 0 for requests that had none. */
  statuses: Record<string, number>
  seconds: number
}

/** A server that answers HTTP, and what to request from it. */
export interface Target extends Listener {
  protocol: 'http' | 'https'
  path: string
}

export const connections = 8
const badRequest = 400
/** Servers that compile a page when it is first requested take seconds. */
const probeMs = 10_000
const secureProbeMs = 2000
const requestMs = 30_000

/** The server behind a socket, if it speaks HTTP. */
export async function findTarget(listener: Listener, path: string): Promise<Target | undefined> {
  const plain: Target = { ...listener, path, protocol: 'http' }
  const status = await probe(plain, probeMs)
  if (status > 0 && status !== badRequest) return plain
  // A server for TLS answers a plain request with 400 or closes the connection.
  const secure: Target = { ...plain, protocol: 'https' }
  if ((await probe(secure, secureProbeMs)) > 0) return secure
  return status > 0 ? plain : undefined
}

async function probe(target: Target, ms: number): Promise<number> {
  const agent = agentOf(target)
  const status = await get(target, agent, ms)
  agent.destroy()
  return status
}

/** Stops after `most` requests, after `seconds`, or when `isOver`; waits for the answers that are due. */
export async function request(
  target: Target,
  { most, seconds, isOver }: { most: number; seconds: number; isOver: () => boolean },
): Promise<Answers> {
  const agent = agentOf(target)
  const started = performance.now()
  const passed = () => (performance.now() - started) / 1000
  const statuses: Record<string, number> = {}
  let begun = 0
  const client = async () => {
    while (begun < most && passed() < seconds && !isOver()) {
      begun++
      const status = await get(target, agent, requestMs)
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  agent.destroy()
  return { requests: begun, statuses, seconds: passed() }
}

function agentOf({ protocol }: Target): http.Agent | https.Agent {
  const options = { keepAlive: true, maxSockets: connections }
  // The server is the command's own, on this machine; its certificate is for another name.
  return protocol === 'http'
    ? new http.Agent(options)
    : new https.Agent({ ...options, rejectUnauthorized: false })
}

/** The answer's status when all of it has come; 0 if none came. */
function get({ host, port, path, protocol }: Target, agent: http.Agent, ms: number) {
  const { request } = protocol === 'http' ? http : https
  return new Promise<number>((resolve) => {
    let answered = false
    const sent = request({ host, port, path, agent, timeout: ms }, (answer) => {
      answered = true
      answer.on('close', () => resolve(answer.complete ? (answer.statusCode ?? 0) : 0))
      answer.on('error', () => resolve(0))
      answer.resume()
    })
    sent.on('timeout', () => sent.destroy())
    sent.on('error', () => resolve(0))
    sent.on('close', () => answered || resolve(0))
    sent.end()
  })
}

/** A sentence about answers that are no success, which show that the requests are not the program's usual work. */
export function complaint({ requests, statuses }: Answers, { path }: Target): string | undefined {
  const good = Object.entries(statuses).reduce(
    (sum, [status, count]) => sum + (/^[23]/.test(status) ? count : 0),
    0,
  )
  if (requests === 0 || good >= requests / 2) return undefined
  const [most] = Object.entries(statuses).toSorted(([, a], [, b]) => b - a)
  const how = most?.[0] === '0' ? 'had no complete answer' : `were answered with ${most?.[0]}`
  return `${most?.[1]} of ${requests} requests of ${path} ${how}, so this is not the program's usual work: name a path with --get, or a load with --load.`
}
