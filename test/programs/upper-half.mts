// Buffers whose offsets are above 2 ** 31; the memory below them is not touched.
import { equal, ok, throws } from 'node:assert'
import { alloc, free, Pool, pin, realloc, stats, usableSize } from 'superslab'

const below = [alloc(2 ** 30), alloc(2 ** 30)]
const doubleFree = { code: 'ERR_SUPERSLAB_DOUBLE_FREE' }
for (const size of [100, 5000, 100_000]) {
  const buffer = alloc(size).fill(1)
  ok(buffer.byteOffset >= 2 ** 31)
  ok(usableSize(buffer) >= size)
  const held = pin(buffer)
  free(buffer)
  equal(stats().heap.liveBlocks, below.length + 1)
  held.release()
  throws(() => free(buffer), doubleFree)
  free(structuredClone(alloc(size)))
  free(realloc(alloc(size).fill(2), size * 2))
  const pool = new Pool(size)
  const pooled = pool.alloc()
  ok(pooled.byteOffset >= 2 ** 31)
  pool.free(pooled)
  throws(() => free(pooled), doubleFree)
  equal(pool.alloc(), pooled)
  free(pooled)
  throws(() => pool.free(pooled), doubleFree)
}
below.forEach(free)
equal(stats().heap.liveBlocks, 0)
