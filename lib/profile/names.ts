import { readFileSync, statSync } from 'node:fs'
import { EngineFrames } from './engine-frames'
import type { Frame } from './frame'
import { NativeFrames } from './native-frames'
import { PerfMap } from './perf-map'
import type { Profile, Stack } from './profile'
import type { RawProfile, RawStack } from './raw'

export interface NameOptions {
  /** Put before the paths of files: the root of another process's file system. */
  root?: string
}

/** Gives the addresses of a profile their names. */
export function named(raw: RawProfile, options: NameOptions = {}): Profile {
  return new Namer(raw, options.root ?? '').profile()
}

class Namer {
  private readonly notes: string[] = []
  private readonly native: NativeFrames
  private readonly engine: EngineFrames
  private renamed = 0

  constructor(
    private readonly raw: RawProfile,
    root: string,
  ) {
    this.native = new NativeFrames(raw.mappings, root)
    this.engine = new EngineFrames(this.perfMap(root), root)
  }

  profile(): Profile {
    const { raw } = this
    const stacks = raw.stacks.map((stack) => this.stack(stack))
    if (raw.lost > 0)
      this.notes.push(
        `The table of stacks was full (${raw.stacksLimit}): ${raw.lost} of ${raw.samples} samples are missing.`,
      )
    if (this.renamed > 0)
      this.notes.push(
        `The engine reused the addresses of ${this.renamed} stacks for other functions; they have the later names.`,
      )
    return {
      pid: raw.pid,
      program: raw.program,
      started: dateOf(raw.startNs),
      taken: dateOf(raw.timeNs),
      intervalBytes: raw.interval,
      samples: raw.samples,
      lostSamples: raw.lost,
      stackLimit: raw.stacksLimit,
      stacks,
      libraries: this.native.libraries(),
      notes: [...this.notes, ...this.native.notes()],
    }
  }

  private stack({ addresses, label, first, last, ...figures }: RawStack): Stack {
    const frames: Frame[] = []
    const kept: number[] = []
    let isRenamed = false
    for (const address of addresses) {
      const frame = this.frame(address, last)
      isRenamed ||= first !== last && this.frame(address, first) !== frame
      // Code of the engine without names is one frame, however deep it is.
      if (frame === this.engine.unnamed && frames.at(-1) === frame) continue
      frames.push(frame)
      kept.push(address)
    }
    if (isRenamed) this.renamed++
    return {
      ...figures,
      label: this.raw.labels.get(label) ?? '',
      frames,
      addresses: kept,
    }
  }

  /** A return address may be that of the next function, so the byte before it is looked up. */
  private frame(address: number, position: number): Frame {
    const at = address - 1
    return this.engine.at(at, position) ?? this.native.at(at) ?? this.engine.unnamed
  }

  private perfMap(root: string): PerfMap | undefined {
    const { perfMap, stacks } = this.raw
    const without = 'JavaScript is one frame: the engine wrote no map of its code'
    if (perfMap === undefined) {
      if (this.native.isNode(this.raw.program))
        this.notes.push(`${without} (--perf-basic-prof --interpreted-frames-native-stack).`)
      return undefined
    }
    try {
      const file = `${root}${perfMap}`
      // Anybody may put a file there before the engine does; one of another user is not believed.
      const { uid } = statSync(file)
      if (uid !== 0 && uid !== process.getuid?.() && process.getuid?.() !== 0)
        throw new Error('it belongs to another user')
      const addresses = stacks.flatMap((stack) => stack.addresses.map((address) => address - 1))
      return new PerfMap(readFileSync(file), addresses)
    } catch (error) {
      this.notes.push(`${without} that could be read: ${(error as Error).message}.`)
      return undefined
    }
  }
}

function dateOf(nanoseconds: bigint): Date {
  return new Date(Number(nanoseconds / 1_000_000n))
}
