import { spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { readRaw } from '../../profile/raw'
import { engineLog } from '../run/profile'
import { endingOf, rawEnding } from './format'

const pollMs = 500

/** The raw profiles of a program and of the processes below it, and the files that they become. */
export class Conversions {
  private readonly folder: string
  private readonly base: string
  private readonly ending: string
  /** When each raw profile was written that has been converted. */
  private readonly done = new Map<string, number>()
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> = Promise.resolve()

  /** `raw` is the profile of the program itself; others have their process's number after it. */
  constructor(
    raw: string,
    private readonly file: string,
  ) {
    this.folder = path.dirname(raw)
    this.base = path.basename(raw, rawEnding)
    this.ending = endingOf(file) ?? ''
    for (const old of this.found()) rmSync(old)
  }

  watch(): void {
    this.timer = setInterval(() => {
      this.running = this.running.then(() => this.convertNew(false))
    }, pollMs)
  }

  /** After the program's end. Raw profiles stay where there is something left to do with them. */
  async finish(): Promise<void> {
    clearInterval(this.timer)
    await this.running
    await this.convertNew(true)
    rmSync(engineLog(path.join(this.folder, `${this.base}${rawEnding}`)), { force: true })
  }

  private async convertNew(isLast: boolean): Promise<void> {
    for (const raw of this.found()) {
      const time = statSync(raw, { throwIfNoEntry: false })?.mtimeMs
      if (time === undefined) continue
      const isNew = this.done.get(raw) !== time
      const isDone = !isNew || (await this.convert(raw, isLast))
      if (isDone) this.done.set(raw, time)
      if (isLast && isDone) {
        console.error(`superslab: wrote ${this.targetOf(raw)}`)
        this.remove(raw)
      }
    }
  }

  /** The work is another process's, whose memory goes with it. */
  private convert(raw: string, isLast: boolean): Promise<boolean> {
    const target = this.targetOf(raw)
    const args = [...process.execArgv, process.argv[1] ?? '', 'profile', raw, '-o', target]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.on('data', (chunk) => {
      text += chunk
    })
    return new Promise((resolve) => {
      child.on('error', () => resolve(false))
      child.on('close', (code) => {
        // While the program runs the raw profile may be replaced in the middle; the next round has the new one.
        if (isLast && code !== 0) console.error(text.trimEnd())
        resolve(code === 0)
      })
    })
  }

  private found(): string[] {
    const known = (name: string) =>
      name.startsWith(`${this.base}${rawEnding}`) &&
      /^(\.\d+)?$/.test(name.slice(this.base.length + rawEnding.length))
    return readdirSync(this.folder)
      .filter(known)
      .map((name) => path.join(this.folder, name))
  }

  /** FILE.raw.PID becomes FILE.PID with the ending of the format. */
  private targetOf(raw: string): string {
    const process = path.basename(raw).slice(this.base.length + rawEnding.length)
    return `${this.file.slice(0, this.file.length - this.ending.length)}${process}${this.ending}`
  }

  /** A process that still runs may write another one, and needs its map. */
  private remove(raw: string): void {
    const { pid, perfMap } = readRaw(raw)
    if (existsSync(`/proc/${pid}`)) return
    rmSync(raw, { force: true })
    if (perfMap === `/tmp/perf-${pid}.map`) rmSync(perfMap, { force: true })
    const ofEngine = new RegExp(`^isolate-0x[0-9a-f]+-${pid}-v8\\.log$`)
    for (const name of readdirSync('.')) if (ofEngine.test(name)) rmSync(name, { force: true })
  }
}
