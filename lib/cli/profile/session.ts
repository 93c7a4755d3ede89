import { closeSync, readFileSync, readSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { addon } from '../../addon'
import { profileFailed } from '../../profile/failure'
import { openPage } from '../../publication'

/*
 * Asks a process for profiles, by locks on the page that it publishes: see native/core/background/control.h and
 * docs/profile-format.md. The locks end with this process, and the sampling with them.
 */

/** Bytes of the page, far behind its end, that a lock asks with: to sample, and to write. */
const runAt = 2 ** 40
const writeAt = 2 ** 41
/** Of the answer in the page. */
const answerAt = 4064
const fields = ['version', 'session', 'error', 'ticket', 'thread', 'descriptor'] as const
type Answer = Record<(typeof fields)[number], number>

const pollMs = 50
const patienceMs = 10_000
/** Of `superslab_profile_error`. */
const alreadyRunning = 2

export class Session {
  private ticket = 1 + Math.floor(Math.random() * 2 ** 31)

  private constructor(
    private readonly pid: number,
    private readonly page: number,
  ) {}

  static open(pid: number): Session {
    const page = openPage(pid)
    if (typeof page !== 'number') throw profileFailed(page.message)
    return new Session(pid, page)
  }

  /** Has the process sample, which may take until it allocates next; false if it did already. */
  async start(mean: number, patience: number): Promise<boolean> {
    this.lock(runAt, mean)
    const { session, error } = await this.until(
      (answer) => answer.session === 1 || answer.error > 0,
      patience,
    )
    if (session === 1) return true
    if (error === alreadyRunning) return false
    throw this.failure(addon.profileErrorName(error))
  }

  /** The raw profile as it is now. */
  async write(): Promise<string> {
    const ticket = ++this.ticket
    this.lock(writeAt + ticket, 1)
    const answer = await this.until((one) => one.ticket === ticket)
    try {
      if (answer.error !== 0) throw this.failure(addon.profileErrorName(answer.error))
      return readFileSync(`/proc/${this.pid}/task/${answer.thread}/fd/${answer.descriptor}`, 'utf8')
    } finally {
      addon.profileLock(this.page, writeAt, 0)
    }
  }

  close(): void {
    closeSync(this.page)
  }

  private lock(start: number, count: number): void {
    if (!addon.profileLock(this.page, start, count))
      throw this.failure('the system refuses a lock on its page')
  }

  private async until(
    isThere: (answer: Answer) => boolean,
    patience: number = patienceMs,
  ): Promise<Answer> {
    const end = performance.now() + Math.max(patience, patienceMs)
    for (;;) {
      const answer = this.answer()
      if (answer.version === 1 && isThere(answer)) return answer
      if (performance.now() >= end) throw this.failure(this.silence(answer.version))
      await sleep(pollMs)
    }
  }

  private silence(version: number): string {
    return version === 0
      ? 'it does not answer: it allocates nothing at the moment, or has no background thread (SUPERSLAB_DECAY), or an older superslab'
      : 'it does not answer: it allocates nothing at the moment'
  }

  private answer(): Answer {
    const bytes = Buffer.alloc(4 * fields.length)
    readSync(this.page, bytes, 0, bytes.length, answerAt)
    const values = fields.map((name, i) => [name, bytes.readUInt32LE(4 * i)])
    return Object.fromEntries(values) as Answer
  }

  private failure(why: string) {
    return profileFailed(`process ${this.pid} cannot be profiled: ${why}`)
  }
}
