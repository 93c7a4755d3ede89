/** A chart for page/browser.js, written into the page as JSON. */
export type Chart = LineChart | BarChart

export interface LineChart {
  kind: 'line'
  title: string
  /** Names of the axes, with their units. */
  x: string
  y: string
  /** Unit of the x axis in the box beside the pointer; seconds by default. */
  unit?: string
  series: LineSeries[]
  /** Moments marked by a vertical line. */
  marks?: { x: number; label: string }[]
}

export interface LineSeries {
  name: string
  points: [x: number, y: number][]
  /** Drawn behind the others and kept out of the legend: a repetition of the series of the same name. */
  faint?: boolean
}

export interface BarChart {
  kind: 'bar'
  title: string
  /** Name of the axis of values, with its unit. */
  y: string
  /** Names of the groups, one bar of each series in each. */
  groups: string[]
  series: BarSeries[]
  /** Draws a line at this value, with which all others are compared. */
  reference?: number
}

export interface BarSeries {
  name: string
  /** null where there is no value. */
  values: (number | null)[]
  /** Reaches this far below and above each value. */
  noise?: (number | null)[]
}

/** Reduces a curve to `most` points, the highest of each stretch, so that no peak is lost. */
export function thinned(points: [number, number][], most = 600): [number, number][] {
  if (points.length <= most) return points
  const stretch = points.length / most
  return Array.from({ length: most }, (_, i) =>
    points
      .slice(Math.floor(i * stretch), Math.floor((i + 1) * stretch))
      .reduce((highest, point) => (point[1] > highest[1] ? point : highest)),
  )
}
