import { addon } from './addon'

/** In the order of `superslab_address_kind`. */
const kinds = ['live', 'inside', 'cached', 'free', 'unused', 'foreign', 'no-access'] as const

/**
 * - `live`: start of a live block
 * - `inside`: inside a live block
 * - `cached`: in a freed block that a thread keeps for reuse
 * - `free`: in a free block of a slab
 * - `unused`: in superslab's address space, where there is no block
 * - `foreign`: readable memory that is not superslab's
 * - `no-access`: unmapped, not readable or not canonical
 */
export type AddressKind = (typeof kinds)[number]

export interface Inspection {
  kind: AddressKind
  /** Start of the block that holds the address, or 0. */
  block: number
  /** Bytes that this block can hold, or 0. */
  usableSize: number
  /** Bytes it occupies, or 0. */
  stride: number
  /** Start of the slab or span around it, or 0. */
  slab: number
}

/** Says what lies at an address. Any address is safe; give one above 2 ** 53 as a bigint. */
export function inspect(address: number | bigint): Inspection {
  const raw = addon.inspect(address)
  return { ...raw, kind: kinds[raw.kind] ?? 'no-access' }
}
