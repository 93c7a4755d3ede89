import type { Frame } from './frame'
import type { Mapping } from './mapping'
import type { Figures } from './raw'

/** A profile with names. */
export interface Profile {
  pid: number
  program: string
  started: Date
  taken: Date
  /** Mean of the bytes between two samples. */
  intervalBytes: number
  samples: number
  /** Samples that are in no stack: the table was full, or a handler allocated while the profile worked on its thread. */
  lostSamples: number
  stackLimit: number
  stacks: Stack[]
  libraries: Library[]
  /** What the reader must know: what is missing, and why. */
  notes: string[]
}

export interface Stack extends Figures {
  /** Of the route or tenant, as the program set it; empty for none. */
  label: string
  /** The innermost first, with the address of each. */
  frames: Frame[]
  addresses: number[]
}

/** A file that has frames of the profile. */
export interface Library extends Mapping {
  buildId: string
  hasSymbols: boolean
}
