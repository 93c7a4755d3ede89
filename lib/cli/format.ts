/** Figures for people to read. */

export function mebibytes(bytes: number): string {
  const value = bytes / 2 ** 20
  return `${value.toFixed(value < 100 ? 1 : 0)} MiB`
}

export function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`
}

export function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} s`
}

/** A time for a person to read: "2 min 5 s". */
export function duration(value: number): string {
  const whole = Math.round(value)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** The text in lines of at most `width` characters, except for longer words; in one line without a width. */
export function wrapped(text: string, width = Number.POSITIVE_INFINITY): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join('\n')
}
