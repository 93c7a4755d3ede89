// The resident bytes of this process by purpose, from Linux's /proc/self/smaps.
import { readFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'

function mappings() {
  const all = []
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    const [, start, end, name] = line.match(/^(\w+)-(\w+) \S+ \w+ \S+ \d+ *(.*)$/) ?? []
    if (start !== undefined) all.push({ start: `0x${start}`, end: `0x${end}`, name, resident: 0 })
    const [, resident] = line.match(/^Rss: +(\d+) kB$/) ?? []
    if (resident !== undefined) all.at(-1).resident = Number(resident) * 1024
  }
  return all
}

/** In the order of the table; `rest` has the stacks, the memory of threads and all small mappings. */
export const kinds = ['node', 'libraries', 'v8', 'malloc', 'window', 'table', 'addon', 'rest']

/** `window` is an address in superslab's window and the window's limit, if there is one. */
export function resident(window) {
  const heap = getHeapStatistics().total_physical_size
  const found = Object.fromEntries(kinds.map((kind) => [kind, 0]))
  found.v8 = heap
  found.rest = -heap // the heap lies in anonymous mappings, which are added below
  const kindOf = ({ start, end, name }) => {
    if (name.endsWith('/superslab.node')) return 'addon'
    if (name === process.execPath) return 'node'
    if (name.startsWith('/')) return 'libraries'
    if (name === '[heap]') return 'malloc'
    if (window !== undefined && start <= window.address && window.address < end) return 'window'
    return window !== undefined && end - start === window.limit / 16 ? 'table' : 'rest'
  }
  for (const { resident, ...mapping } of mappings()) {
    const [start, end] = [Number(mapping.start), Number(mapping.end)]
    found[kindOf({ ...mapping, start, end })] += resident
  }
  return found
}
