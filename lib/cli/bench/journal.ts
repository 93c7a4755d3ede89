import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { SuperslabError } from '../../errors'

/**
 * Keeps each measurement as it comes, as a line of JSON, so that an interrupted benchmark can go on. The first line says
 * what is measured; a journal of other measurements is refused.
 */
export class Journal<T> {
  readonly #file: string
  readonly #kept = new Map<string, T[]>()

  constructor(file: string, subject: object) {
    this.#file = file
    const [head, ...lines] = existsSync(file) ? whole(file) : []
    if (head === undefined) writeFileSync(file, `${JSON.stringify(subject)}\n`)
    else if (!isDeepStrictEqual(parsed(file, head), JSON.parse(JSON.stringify(subject))))
      throw new SuperslabError(
        'ERR_SUPERSLAB_BENCH_FAILED',
        `${file} has measurements of another build or benchmark`,
      )
    for (const line of lines) {
      const { key, value } = parsed(file, line) as { key: string; value: T }
      this.#kept.set(key, [...(this.#kept.get(key) ?? []), value])
    }
  }

  /** The next measurement that was kept under this key, or the result of `measure`, which is then kept. */
  async next(key: string, measure: () => T | Promise<T>): Promise<T> {
    const kept = this.#kept.get(key)?.shift()
    if (kept !== undefined) return kept
    const value = await measure()
    appendFileSync(this.#file, `${JSON.stringify({ key, value })}\n`)
    return value
  }
}

/** A last line without its end was being written when the benchmark was interrupted. */
function whole(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const end = text.lastIndexOf('\n') + 1
  if (end < text.length) writeFileSync(file, text.slice(0, end))
  return text.slice(0, end).split('\n').filter(Boolean)
}

function parsed(file: string, line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new SuperslabError('ERR_SUPERSLAB_BENCH_FAILED', `${file} holds no measurements`, {
      cause,
    })
  }
}
