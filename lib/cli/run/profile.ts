import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { packageRoot } from '../../paths'
import { profileFailed } from '../../profile/failure'
import { checkEnding, endingOf, rawEnding } from '../profile/format'

/** The variable that tells the preload library to profile, and where and how. */
export const profileVariable = 'SUPERSLAB_PROFILE'

/** The options of `superslab run` about profiles. */
export interface ProfileRunOptions {
  profile?: string | true
  profileSignal?: string
  profileMinutes?: number
  profileMean?: number
  engineMap?: boolean
  profileExact?: boolean
}

/** Signals that the preload library takes. */
export const profileSignals = ['SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGWINCH', 'SIGPROF', 'SIGQUIT']

const defaultFile = 'heap-profile.html'

/** The file that the user wants, as a whole path. */
export function profileFile({ profile }: ProfileRunOptions): string {
  const file = path.resolve(profile === undefined || profile === true ? defaultFile : profile)
  if (process.platform !== 'linux')
    throw profileFailed(`--profile needs Linux, this is ${process.platform}`)
  checkEnding('--profile', file)
  const folder = path.dirname(file)
  if (!isWritable(folder)) throw profileFailed(`--profile: ${folder} is not a writable folder`)
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw profileFailed(`--profile: ${file} is a folder`)
  return file
}

/** The raw profile beside a file of another format. */
export function rawBeside(file: string): string {
  const ending = endingOf(file) ?? ''
  return `${file.slice(0, file.length - ending.length)}${rawEnding}`
}

/** How the program is started so that it profiles itself into a raw file. */
export interface ProfiledStart {
  environment: Record<string, string>
  words: string[]
  /** Why JavaScript will have no names; undefined if it will. */
  complaint: string | undefined
}

/** `file` is the program of `words`. */
export function profiledStart(
  raw: string,
  options: ProfileRunOptions,
  file: string,
  words: readonly string[],
): ProfiledStart {
  const isNode = path.basename(realpathSync(file)) === 'node'
  const complaint = options.engineMap === false ? undefined : obstacle(isNode)
  const hasMap = options.engineMap !== false && complaint === undefined
  const environment = {
    [profileVariable]: profileSetting(raw, options),
    NODE_OPTIONS: nodeOptions(hasMap, options.profileExact === true),
  }
  const [name = '', ...rest] = words
  const all = hasMap && isNode ? [name, ...logOptions(raw), ...rest] : [...words]
  return { environment, words: all, complaint }
}

function profileSetting(raw: string, options: ProfileRunOptions): string {
  const { profileSignal, profileMinutes, profileMean } = options
  return [
    raw,
    ...(profileMean ? [`mean=${profileMean}`] : []),
    ...(profileSignal ? [`signal=${profileSignal}`] : []),
    ...(profileMinutes ? [`every=${Math.round(60 * profileMinutes)}`] : []),
  ].join(',')
}

/**
 * With `hasMap` the engine writes a map of its code, and gives each interpreted function code of its own. It keeps
 * functions apart in what its first optimising compiler makes, with `isExact` in all optimised code.
 */
function nodeOptions(hasMap: boolean, isExact: boolean): string {
  const script = (name: string) =>
    `--require=${JSON.stringify(path.join(packageRoot, `dist/profile/${name}.js`))}`
  return [
    process.env.NODE_OPTIONS,
    ...(hasMap ? ['--perf-basic-prof', '--interpreted-frames-native-stack'] : []),
    ...(hasMap ? [script(isExact ? 'exact' : 'apart')] : []),
    script('preloaded'),
  ]
    .filter(Boolean)
    .join(' ')
}

/** With its map the engine writes a log, too: into the current folder, or if it cannot, to the standard output. */
function logOptions(raw: string): string[] {
  return [`--logfile=${engineLog(raw)}`, '--no-logfile-per-isolate']
}

export function engineLog(raw: string): string {
  return `${raw.slice(0, -rawEnding.length)}.v8.log`
}

/** The engine ends the process if it cannot write its map. */
function obstacle(isNode: boolean): string | undefined {
  if (!isWritable('/tmp')) return 'Node writes their names to /tmp, which is not writable'
  if (!isNode && !isWritable('.'))
    return 'Node writes a log to the current folder, which is not writable; name node itself as the command, not a script that starts it'
  return undefined
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return statSync(folder).isDirectory()
  } catch {
    return false
  }
}
