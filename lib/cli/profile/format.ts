import { writeFileSync } from 'node:fs'
import { profileFailed } from '../../profile/failure'
import { toPprof } from '../../profile/pprof'
import type { Profile } from '../../profile/profile'
import { toCollapsed } from './collapsed'
import { difference } from './difference'
import { toHeapProfile } from './heap-profile'
import { toPage } from './page'

type Convert = (profile: Profile, before: Profile | undefined) => string | Buffer

/** Formats by the ending of a file's name. */
const formats: Record<string, Convert> = {
  '.html': toPage,
  '.pb.gz': (profile, before) => toPprof(changed(profile, before)),
  '.heapprofile': (profile, before) => toHeapProfile(changed(profile, before)),
  '.collapsed': (profile, before) => toCollapsed(changed(profile, before)),
}

export const rawEnding = '.raw'
export const endings = [...Object.keys(formats), rawEnding]

/** The ending of a name that says its format; undefined if none does. */
export function endingOf(file: string): string | undefined {
  return endings.find((ending) => file.endsWith(ending) && file.length > ending.length)
}

/** Throws for a file whose ending is none of the formats'. */
export function checkEnding(option: string, file: string): void {
  if (endingOf(file) === undefined)
    throw profileFailed(`${option}: ${file} does not end in ${endings.join(', ')}`)
}

/** Writes a profile, or with `before` the difference, in the format of the file's ending. */
export function writeProfile(file: string, profile: Profile, before?: Profile): void {
  const convert = formats[endingOf(file) ?? '']
  if (!convert) throw profileFailed(`${file} does not end in ${Object.keys(formats).join(', ')}`)
  try {
    writeFileSync(file, convert(profile, before), { mode: 0o600 })
  } catch (error) {
    throw profileFailed(`${file} cannot be written: ${(error as Error).message}`, { cause: error })
  }
}

function changed(profile: Profile, before: Profile | undefined): Profile {
  return before ? difference(before, profile) : profile
}
