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
