/* The words of this allocator, and the macros that every file uses.
 *
 * page        a page of the operating system
 * granule     64 KiB, aligned: the unit of the span layer and of the registry
 * SuperSlab   2 MiB: 32 granules, the unit in which addresses are reserved and committed
 * span        a run of granules handed out together
 * run         a run of free granules
 * space       one contiguous range of addresses with its registry, its runs and its slabs:
 *             headed (blocks carry a header byte), headless (they do not), or external (headless,
 *             in memory that the caller owns)
 * region      memory of the caller's that it gives to superslab_region_adopt: an external space
 * registry    the map from an address to what lies there: one entry a granule, in a flat array a space
 * slab        a span cut into blocks of one size class, with a bitmap of the free ones
 * block       what malloc returns; a large block is a span of its own, a huge one several SuperSlabs long
 * empty block what a request of no bytes gets: an address of its own, without memory behind it
 * stride      the distance between the blocks of a slab: the bytes that one occupies
 * header      the byte before a headed block: its bin while live, SS_HEADER_FREED after a free
 * size class  one stride; headed and headless classes are numbered apart
 * bin         a thread's stack of free blocks of one class; also the class's index among all bins
 * heap        one thread's bins and the slabs it takes from. In JavaScript `heap` (superslab/raw, stats().heap) is the
 *             public name of the blocks of a window
 * thread record   what a thread's hot paths touch: its bounds and the tops of its bins (ss_thread; called
 *             `thread_block` in names)
 * bound       the limit of a hot path, in the thread record: the path serves only what lies below. Also the limit on
 *             dirty memory
 * closed      of a thread: all its bounds are 0, so every call takes a cold path
 * park        to close a thread while it is outside the allocator, so that another thread can use its heap
 * record      the description of a slab, in an array of its space and not in the slab
 * owner       the heap that alone may take blocks from a slab; a slab without one is abandoned, and
 *             listed if it has free blocks; a heap that takes it from the list adopts it
 * spare       a slab whose blocks are all free that stays listed for its class instead of ending
 * window      an external space that isolates of a JavaScript engine share, with a table of the blocks
 *             that are live in it; holder: one of those isolates; magazine: its cache of blocks of one
 *             class; pin: a hold on a block that puts its free off while something still uses it
 * refill      a batch of blocks from slabs to a bin; flush: the other way
 * cached      freed, and kept in a bin, a large cache or a magazine
 * remote free a block flushed to a slab that another heap owns
 * dirty       free, but its pages may still hold memory; a purge gives that memory back
 * held        of a span: neither free nor in use while its pages are purged; its holder is noted
 * scavenger   the background thread that gives back memory that has been unused for a while
 * tick        the scavenger's unit of time: it wakes once in each
 * count       of a heap: its thread subtracts what it asks for from the distance to the next sample of a profile
 * sample      a block that a profile has noted, with the stack that asked for it
 * stack       the return addresses of a thread's calls, from the inner one on
 * observer    functions that are told of each allocation and each free, for a recording
 * source      a higher layer that has spaces which are not malloc's: the windows
 */
#ifndef SS_TYPES_H
#define SS_TYPES_H

#include "base/config.h"

#include <stdatomic.h>
#include <stdbool.h>

#define SS_LIKELY(x) __builtin_expect(!!(x), 1)
#define SS_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define SS_COLD __attribute__((noinline, cold))
/* Not cold, but kept out of line, so that its register use does not make the caller spill. */
#define SS_NOINLINE __attribute__((noinline))
/* Hides the value from the compiler. Adds no instruction, and saves some on the hot paths: otherwise gcc keeps the address
 * of a bin's top in an extra register, and the block in another register than it is returned in; clang keeps the size. */
#define SS_OPAQUE(value) __asm__("" : "+r"(value))
#define SS_CACHE_LINE 64
/* Places large, sparsely touched arrays at the end of .bss, so that the touched data before them shares pages. */
#define SS_SPARSE __attribute__((common))
#define SS_HIDDEN                                                                                  \
    __attribute__((visibility("hidden"))) /* reached without the global offset table */

/* The number of set bits. The baseline of x86-64 has no instruction for it, and the compiler's function is slow. */
static inline uint32_t ss_popcount(uint64_t bits) {
    if ((bits & (bits - 1)) == 0)
        return bits != 0;
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

#endif
