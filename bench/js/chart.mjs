// The cost of a pair by size as a chart: both axes logarithmic, one line a contender.
import { contenders } from './contenders.mjs'

const colours = [
  '#0b6e4f',
  '#08a045',
  '#6bbf59',
  '#3d5a80',
  '#98c1d9',
  '#d1495b',
  '#edae49',
  '#8d6a9f',
  '#7a7a7a',
]
const area = { left: 60, top: 20, width: 520, height: 300 }
const [least, most] = [3, 300_000] // nanoseconds

export function chart({ medians, node }) {
  const sizesOf = Object.keys(medians).map((key) => key.match(/^pair \S+ (\d+)$/)?.[1])
  const sizes = [...new Set(sizesOf.filter(Boolean).map(Number))].sort((a, b) => a - b)
  const x = (size) =>
    area.left + (area.width * Math.log2(size / sizes[0])) / Math.log2(sizes.at(-1) / sizes[0])
  const y = (time) => area.top + area.height * (1 - Math.log(time / least) / Math.log(most / least))
  const bytes = (size) =>
    size >= 2 ** 20 ? `${size / 2 ** 20} MiB` : size >= 1024 ? `${size / 1024} KiB` : `${size} B`
  const parts = []
  for (const time of [10, 100, 1000, 10_000, 100_000])
    parts.push(
      `<line x1="${area.left}" x2="${area.left + area.width}" y1="${y(time)}" y2="${y(time)}" stroke="#ddd"/>`,
      `<text x="${area.left - 6}" y="${y(time) + 4}" text-anchor="end">${time >= 1000 ? `${time / 1000} µs` : `${time} ns`}</text>`,
    )
  for (const size of sizes)
    parts.push(
      `<text x="${x(size)}" y="${area.top + area.height + 18}" text-anchor="middle">${bytes(size)}</text>`,
    )
  const drawn = Object.entries(contenders).filter(([, { size }]) => size === undefined)
  for (const [i, [name, { title }]] of drawn.entries()) {
    const points = sizes
      .map((size) => [x(size), medians[`pair ${name} ${size}`]?.nanoseconds])
      .filter(([, time]) => time !== undefined)
      .map(([at, time]) => `${at.toFixed(1)},${y(time).toFixed(1)}`)
    const top = area.top + 10 + i * 20
    parts.push(
      `<polyline points="${points.join(' ')}" fill="none" stroke="${colours[i]}" stroke-width="2"/>`,
      `<rect x="600" y="${top - 9}" width="12" height="12" fill="${colours[i]}"/>`,
      `<text x="618" y="${top + 1}">${title}</text>`,
    )
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="360" viewBox="0 0 800 360" font-family="sans-serif" font-size="12">
<title>The time of a pair by size</title>
<rect width="800" height="360" fill="white"/>
<text x="${area.left}" y="14">Time of one allocation and its free, by size (Node ${node.slice(1)})</text>
${parts.join('\n')}
</svg>
`
}
