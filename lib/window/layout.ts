import { addon, type WindowLayout } from '../addon'
import { SuperslabError } from '../errors'

/*
 * The constants of native/window/api.h that JavaScript's hot paths use. The compiler writes the members of these enums as
 * literals, also into other modules: constants that are read from the addon cost alloc and free 5 %. checkLayout compares
 * them with the addon's.
 */

/** The table's byte at a step where a live block starts; 0 elsewhere. 1 to lastClass is the block's class. */
// biome-ignore lint/suspicious/noConstEnum: its members are to be literals
export const enum Mark {
  none = 0,
  lastClass = 80,
  /** A block whose length the core no longer knows. */
  unsized = 0x7f,
  /** A block that is longer than the largest class. */
  large = 0xfe,
  /** A block that has a pin. */
  pinned = 0xff,
}

/** A step is 16 bytes, for each of which the table has a byte. Blocks start at steps. */
// biome-ignore lint/suspicious/noConstEnum: its members are to be literals
export const enum Step {
  shift = 4,
  mask = (1 << shift) - 1,
}

/** A magazine is `words` words: the number of blocks in it, its capacity, and from `head` on their offsets. */
// biome-ignore lint/suspicious/noConstEnum: its members are to be literals
export const enum Magazine {
  room = 1,
  head = 2,
  words = 256,
}

/** The result of `refill` and `take` when the window must grow. */
export const mustGrow = -1

const expected: WindowLayout = {
  stepShift: Step.shift,
  lastClass: Mark.lastClass,
  unsized: Mark.unsized,
  large: Mark.large,
  pinned: Mark.pinned,
  magazineWords: Magazine.words,
  magazineHead: Magazine.head,
  mustGrow,
}

/** Throws unless the addon was compiled with these constants. */
export function checkLayout(found: WindowLayout = addon.windowLayout): void {
  for (const [name, value] of Object.entries(expected))
    if (found[name as keyof WindowLayout] !== value)
      throw new SuperslabError(
        'ERR_SUPERSLAB_LOAD_FAILED',
        `The addon was built for windows of another layout, with another ${name}. Fix: build the package again`,
      )
}
