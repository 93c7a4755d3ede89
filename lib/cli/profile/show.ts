import type { Profile } from '../../profile/profile'
import { writeProfile } from './format'
import { toText } from './text'

/** Writes a profile, or prints it. */
export function show(profile: Profile, before: Profile | undefined, output?: string): void {
  if (output === undefined) console.log(toText(profile, before))
  else writeProfile(output, profile, before)
}
