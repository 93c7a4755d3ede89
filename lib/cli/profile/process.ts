import { profileFailed } from '../../profile/failure'
import type { ProfileOptions } from './command'

export async function profileProcess(pid: number, _options: ProfileOptions): Promise<void> {
  throw profileFailed(`process ${pid} cannot be profiled yet`)
}
