import { type Frame, frameText } from '../../profile/frame'
import type { Profile, Stack } from '../../profile/profile'

const figures = ['inUseObjects', 'inUseBytes', 'allocObjects', 'allocBytes'] as const

/** What changed from one profile to another, of one process or of two: figures may be negative. */
export function difference(before: Profile, after: Profile): Profile {
  const stacks = new Map<string, Stack>()
  for (const stack of after.stacks) add(stacks, stack, 1)
  for (const stack of before.stacks) add(stacks, stack, -1)
  const changed = [...stacks.values()].filter((stack) => figures.some((name) => stack[name] !== 0))
  const notes = new Set([...before.notes, ...after.notes])
  return {
    ...after,
    stacks: changed,
    // The part of the course that the difference is about.
    started: isLater(before, after) ? before.taken : after.started,
    libraries: [...after.libraries, ...before.libraries.filter((one) => !has(after, one.path))],
    notes: [...notes],
  }
}

/** Whether two profiles are of one process, in this order: then what was allocated is comparable, too. */
export function isLater(before: Profile, after: Profile): boolean {
  const { pid, started } = before
  return (
    pid === after.pid &&
    started.getTime() === after.started.getTime() &&
    before.taken.getTime() <= after.taken.getTime()
  )
}

/** Frames of different profiles are the same if they read the same. */
export function stackKey({ label, frames }: Stack): string {
  return JSON.stringify([label, ...frames.map(keyOf)])
}

const keys = new WeakMap<Frame, string>()

function keyOf(frame: Frame): string {
  let key = keys.get(frame)
  if (key === undefined) {
    key = frameText(frame)
    keys.set(frame, key)
  }
  return key
}

function add(stacks: Map<string, Stack>, stack: Stack, sign: 1 | -1): void {
  const key = stackKey(stack)
  const sum = stacks.get(key) ?? {
    ...stack,
    ...{ inUseObjects: 0, inUseBytes: 0, allocObjects: 0, allocBytes: 0 },
  }
  for (const name of figures) sum[name] += sign * stack[name]
  stacks.set(key, sum)
}

function has({ libraries }: Profile, file: string): boolean {
  return libraries.some(({ path }) => path === file)
}
