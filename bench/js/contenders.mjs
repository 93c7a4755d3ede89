// Ways to allocate and free a block of memory. Each is loaded in a process of its own. Those with a `size` are measured
// only with that size.

async function watched(options) {
  const { alloc, free, watch } = await import('superslab')
  watch(options)
  return { take: alloc, end: free }
}

export const contenders = {
  heap: {
    title: 'superslab/raw',
    async load() {
      const { heap } = await import('superslab/raw')
      return { take: heap.malloc, end: heap.free }
    },
  },
  alloc: {
    title: 'superslab alloc',
    async load() {
      const { alloc, free } = await import('superslab')
      return { take: alloc, end: free }
    },
  },
  pool: {
    title: 'superslab Pool',
    oneSize: true,
    async load(size) {
      const { Pool } = await import('superslab')
      const pool = new Pool(size)
      return { take: () => pool.alloc(), end: (buffer) => pool.free(buffer) }
    },
  },
  native: {
    title: 'malloc through the addon',
    async load() {
      const { native } = await import('superslab')
      return { take: native.malloc, end: native.free }
    },
  },
  'thi.ng': {
    title: '@thi.ng/malloc',
    async load() {
      const { MemPool } = await import('@thi.ng/malloc')
      const pool = new MemPool({ size: 64 * 2 ** 20 })
      return { take: (size) => pool.malloc(size), end: (address) => pool.free(address) }
    },
  },
  allocUnsafe: {
    title: 'Buffer.allocUnsafe',
    async load() {
      return { take: Buffer.allocUnsafe, end: () => {} }
    },
  },
  allocUnsafeSlow: {
    title: 'Buffer.allocUnsafeSlow',
    async load() {
      return { take: Buffer.allocUnsafeSlow, end: () => {} }
    },
  },
  bufferAlloc: {
    title: 'Buffer.alloc',
    async load() {
      return { take: (size) => Buffer.alloc(size), end: () => {} }
    },
  },
  uint8Array: {
    title: 'new Uint8Array',
    async load() {
      return { take: (size) => new Uint8Array(size), end: () => {} }
    },
  },
  tracked: {
    title: 'superslab alloc, watch({ track: true })',
    size: 64,
    load: () => watched({ track: true }),
  },
  collected: {
    title: 'superslab alloc, watch({ collect: true })',
    size: 64,
    load: () => watched({ collect: true }),
  },
}
