/** What may hold a process's memory. */
export type HolderKind =
  | 'v8-heap'
  | 'v8-memory'
  | 'code'
  | 'superslab'
  | 'libc'
  | 'allocator'
  | 'stacks'
  | 'files'
  | 'data'
  | 'shared'
  | 'unknown'

export interface Part {
  name: string
  bytes: number
}

/** All memory of one kind, or of one allocator, in one process. */
export interface Holder {
  kind: HolderKind
  name: string
  bytes: number
  /** What it consists of, the largest first. */
  parts: Part[]
}

export const holderNames: Record<HolderKind, string> = {
  'v8-heap': "V8's heaps",
  'v8-memory': 'WebAssembly memories and growable ArrayBuffers',
  code: 'code compiled at run time',
  superslab: 'superslab',
  libc: "the C library's malloc",
  allocator: 'an allocator of an addon',
  stacks: 'stacks',
  files: 'files: code and constants',
  data: 'data of programs and libraries',
  shared: 'shared memory',
  unknown: 'not attributed',
}

/** Adds bytes up by holder and part. */
export class Sums {
  readonly #holders = new Map<string, { kind: HolderKind; parts: Map<string, number> }>()

  add(kind: HolderKind, part: string, bytes: number, name = holderNames[kind]): void {
    if (bytes === 0) return
    const { parts } = this.#holders.get(name) ?? { parts: new Map<string, number>() }
    parts.set(part, (parts.get(part) ?? 0) + bytes)
    this.#holders.set(name, { kind, parts })
  }

  /** The largest first, what is not attributed last. */
  holders(): Holder[] {
    const all = [...this.#holders].map(([name, { kind, parts }]) => {
      const sorted = [...parts]
        .map(([part, bytes]) => ({ name: part, bytes }))
        .toSorted((a, b) => b.bytes - a.bytes)
      return { kind, name, bytes: sorted.reduce((sum, { bytes }) => sum + bytes, 0), parts: sorted }
    })
    const last = ({ kind }: Holder) => Number(kind === 'unknown')
    return all.toSorted((a, b) => last(a) - last(b) || b.bytes - a.bytes)
  }
}
