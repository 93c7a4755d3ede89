import { frameText } from '../../profile/frame'
import type { Profile } from '../../profile/profile'

/** A line a stack: its frames from the outermost on, and its bytes in use; as flamegraph.pl and speedscope read it. */
export function toCollapsed({ stacks }: Profile): string {
  const totals = new Map<string, number>()
  for (const { frames, label, inUseBytes } of stacks) {
    if (inUseBytes === 0) continue
    const names = frames.map(frameText).reverse()
    const line = [...(label === '' ? [] : [label]), ...names].map(clean).join(';') || '(no stack)'
    totals.set(line, (totals.get(line) ?? 0) + inUseBytes)
  }
  return [...totals].map(([line, bytes]) => `${line} ${Math.round(bytes)}\n`).join('')
}

/** What separates frames and stacks cannot be in a name. */
function clean(text: string): string {
  return text.replace(/[;\n\r]/g, (character) => (character === ';' ? ':' : ' '))
}
