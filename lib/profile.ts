import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { addon } from './addon'
import { argumentRange, argumentType, checkFlag, checkOptions } from './errors'
import { packageRoot } from './paths'
import { profileFailed } from './profile/failure'
import { Labels } from './profile/labels'
import type { Profile } from './profile/profile'
import { opened } from './window/place'

export type { Frame, FrameKind } from './profile/frame'
export type { Mapping } from './profile/mapping'
export type { Library, Profile, Stack } from './profile/profile'
export type { Figures } from './profile/raw'

export interface ProfileOptions {
  /** Mean of the bytes between two samples; 524,288 by default. */
  intervalBytes?: number
  /** Whether `label` marks samples. That adds a cost to each asynchronous step. */
  labels?: boolean
}

const least = 1024
const most = 2 ** 30
/** Bytes of a label. */
const longestLabel = 63
/** Of `superslab_profile_error`. */
const alreadyRunning = 2

const labels = new Labels(addon)
let hasLabels = false

/** Begins to sample what this process allocates. If it already samples, only `labels` changes. */
function start(options: ProfileOptions = {}): void {
  checkOptions('options', options, ['intervalBytes', 'labels'])
  const { intervalBytes = 512 * 1024, labels: withLabels = false } = options
  if (typeof intervalBytes !== 'number') throw argumentType('intervalBytes', 'a number')
  if (!(intervalBytes >= least && intervalBytes <= most))
    throw argumentRange('intervalBytes', `${least} to ${most}`)
  checkFlag('labels', options.labels)
  const error = addon.profileStart(Math.round(intervalBytes))
  if (error !== 0 && error !== alreadyRunning) throw failure('sampling could not begin', error)
  opened()?.buffers.profiled()
  hasLabels = withLabels
  if (withLabels) labels.enable()
  else labels.disable()
}

/** Stops sampling. Later snapshots have the samples up to then, without blocks that are freed later. */
function stop(): void {
  labels.disable()
  hasLabels = false
  addon.profileStop()
  opened()?.buffers.profiled()
}

/** The memory that was allocated since `start` and is in use now. A thread of its own looks the names up. */
async function snapshot(): Promise<Profile> {
  return (await inWorker('object')) as Profile
}

/** The same as bytes of a .pb.gz file for pprof. */
async function pprof(): Promise<Buffer> {
  return Buffer.from((await inWorker('pprof')) as Uint8Array)
}

/**
 * Runs a function and labels its allocations, as in `route=/orders`, and those of the asynchronous work that it starts.
 * Without `start({ labels: true })` it only runs the function.
 */
function label<Result>(text: string, work: () => Result): Result {
  if (typeof text !== 'string') throw argumentType('text', 'a string')
  if (text === '' || Buffer.byteLength(text) > longestLabel || /[\r\n]/.test(text))
    throw argumentRange('text', `one line of 1 to ${longestLabel} bytes`)
  if (typeof work !== 'function') throw argumentType('work', 'a function')
  return hasLabels ? labels.run(text, work) : work()
}

/** Sampling of what this process allocates: which function and line holds the memory. */
export const profile = {
  /** Whether it samples, by `start` or because of `superslab run --profile`. */
  get active(): boolean {
    return addon.profileRunning()
  },
  start,
  stop,
  snapshot,
  pprof,
  label,
}

/** Answers a request with the profile for pprof, as Go's /debug/pprof/heap does. It has names of functions and files, so restrict access. */
export async function heapHandler(
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!profile.active) {
    response.statusCode = 503
    response.setHeader('content-type', 'text/plain')
    response.end('superslab does not sample this process: call profile.start()\n')
    return
  }
  let bytes: Buffer
  try {
    bytes = await pprof()
  } catch (error) {
    response.statusCode = 500
    response.setHeader('content-type', 'text/plain')
    response.end(`superslab: ${(error as Error).message}\n`)
    return
  }
  response.setHeader('content-type', 'application/octet-stream')
  response.setHeader('content-disposition', 'attachment; filename="heap.pb.gz"')
  response.end(bytes)
}

function inWorker(format: 'object' | 'pprof'): Promise<unknown> {
  const text = rawText()
  const file = path.join(packageRoot, 'dist/profile/worker.js')
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: { text, format }, execArgv: [] })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(profileFailed('there is no snapshot: its thread has ended')))
  })
}

/** The native side writes to a file, since it must not allocate. This one has no name while it is written. */
function rawText(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-'))
  const descriptor = openSync(path.join(folder, 'heap.raw'), 'wx+', 0o600)
  try {
    rmSync(folder, { recursive: true })
    const error = addon.profileWrite(descriptor)
    if (error !== 0) throw failure('there is no snapshot', error)
    const bytes = Buffer.alloc(fstatSync(descriptor).size)
    return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(descriptor)
  }
}

function failure(what: string, error: number) {
  return profileFailed(`${what}: ${addon.profileErrorName(error)}`)
}
