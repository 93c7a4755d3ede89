import { addon } from './addon'
import { misuse, outOfMemory } from './errors'

/*
 * malloc and free by process address, a number below 2 ** 53. Address 0 stands for NULL. Each address is looked up
 * before it is used: a wrong one throws and changes nothing.
 */

/** The address of at least `size` bytes, 16-byte aligned, contents undefined. */
export function malloc(size: number): number {
  const address = addon.malloc(size)
  if (address === 0) throw outOfMemory(`malloc(${size})`)
  return address
}

/** The address of `count * size` zeroed bytes. */
export function calloc(count: number, size: number): number {
  const address = addon.calloc(count, size)
  if (address === 0) throw outOfMemory(`calloc(${count}, ${size})`)
  return address
}

/** As malloc, aligned to any power of two. */
export function alignedAlloc(alignment: number, size: number): number {
  const address = addon.alignedAlloc(alignment, size)
  if (address === 0) throw outOfMemory(`alignedAlloc(${alignment}, ${size})`)
  return address
}

/** Resizes a block and returns its new address. When it throws, the old block is untouched. */
export function realloc(address: number, size: number): number {
  const result = addon.realloc(address, size)
  if (result > 0) return result
  throw result === 0 ? outOfMemory(`realloc(${address}, ${size})`) : misuse(-result, address)
}

/** Frees a block, once, from any thread. */
export function free(address: number): void {
  const result = addon.free(address)
  if (result !== 0) throw misuse(-result, address)
}

/** As free, and checks the size of the request. */
export function freeSized(address: number, size: number): void {
  const result = addon.freeSized(address, size)
  if (result !== 0) throw misuse(-result, address)
}

/** Bytes the block can hold. */
export function usableSize(address: number): number {
  const result = addon.usableSize(address)
  if (result < 0) throw misuse(-result, address)
  return result
}

/** The size that a block for a request of `size` bytes really has: a request of that size wastes nothing. */
export function goodSize(size: number): number {
  return addon.goodSize(size)
}
