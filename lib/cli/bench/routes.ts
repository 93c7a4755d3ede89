import { plainTable } from './table'

export interface RouteShare {
  route: string
  count: number
  /** A route's share of the routes of its kind, where the kind has a sum: each allocation and each free takes one. */
  percent?: number
}

const kinds = ['malloc', 'free']
/** The frees that find the class by reading the header alone. */
const headerRoutes = ['free hit', 'free flush']

export function routeShares(routes: Record<string, number>): RouteShare[] {
  const total = (kind: string) =>
    Object.entries(routes)
      .filter(([name]) => kindOf(name) === kind)
      .reduce((sum, [, count]) => sum + count, 0)
  return Object.entries(routes).map(([route, count]) => {
    const kind = kindOf(route)
    if (!kinds.includes(kind)) return { route, count }
    return { route, count, percent: (100 * count) / Math.max(total(kind), 1) }
  })
}

/** Percent of all frees that took the header's path. */
export function headerPercent(shares: readonly RouteShare[]): number {
  return shares
    .filter(({ route }) => headerRoutes.includes(route))
    .reduce((sum, { percent = 0 }) => sum + percent, 0)
}

export function routeTable(routes: Record<string, number>): string {
  const shares = routeShares(routes)
  const rows = shares.map(({ route, count, percent }) => [
    route,
    count.toLocaleString('en'),
    percent === undefined ? '' : `${percent.toFixed(3)} %`,
  ])
  const header = `frees through the header: ${headerPercent(shares).toFixed(3)} %`
  return `${plainTable(['route', 'count', 'share'], rows, 1)}\n${header}`
}

function kindOf(route: string): string {
  return route.split(' ', 1)[0] ?? route
}
