import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isFile, type Mapping, Mappings } from '../../profile/mapping'
import { parseRaw, type RawProfile } from '../../profile/raw'
import { Session } from '../profile/session'

/** Live bytes of superslab by the library that asked for them, the largest first. */
export interface Asked {
  library: string
  bytes: number
}

/** What the heap profile says that the process takes of itself; undefined where it takes none, or does not answer. */
export async function askedBy(pid: number): Promise<Asked[] | undefined> {
  if (!isProfiled(pid)) return undefined
  try {
    const session = Session.open(pid)
    try {
      return askers(parseRaw(await session.write(), `the answer of process ${pid}`))
    } finally {
      session.close()
    }
  } catch {
    return undefined
  }
}

/** By the environment: to ask any other process would wait for one that is idle. */
function isProfiled(pid: number): boolean {
  try {
    return /(^|\0)SUPERSLAB_PROFILE=[^\0]/.test(readFileSync(`/proc/${pid}/environ`, 'latin1'))
  } catch {
    return false
  }
}

/** A block belongs to the innermost frame's library, or to its caller if that is the C or C++ library. */
export function askers({ stacks, mappings }: RawProfile): Asked[] {
  const found = new Mappings(mappings)
  const totals = new Map<string, number>()
  for (const { addresses, inUseBytes } of stacks) {
    const files = addresses.map((address) => fileOf(found.at(address - 1)))
    const library = files.find((file) => !isOfTheSystem(file)) ?? files[0] ?? 'unknown code'
    totals.set(library, (totals.get(library) ?? 0) + inUseBytes)
  }
  return [...totals]
    .map(([library, bytes]) => ({ library, bytes }))
    .filter(({ bytes }) => bytes > 0)
    .toSorted((a, b) => b.bytes - a.bytes)
}

function fileOf(mapping: Mapping | undefined): string {
  return mapping && isFile(mapping) ? path.basename(mapping.path) : 'compiled code'
}

function isOfTheSystem(file: string): boolean {
  return /^(lib(c|m|stdc\+\+|c\+\+|gcc_s|pthread)|ld)[-.]/.test(file)
}
