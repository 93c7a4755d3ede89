/* Compile-time constants, the only place for them. */
#ifndef SS_CONFIG_H
#define SS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

/* ---- geometry ---- */
#define SS_GRANULE_SHIFT 16
#define SS_GRANULE_BYTES ((size_t)1 << SS_GRANULE_SHIFT)
#define SS_SUPERSLAB_SHIFT 21
#define SS_SUPERSLAB_BYTES ((size_t)1 << SS_SUPERSLAB_SHIFT)
#define SS_SUPERSLAB_GRANULES 32u

/* Addresses that one of malloc's spaces may come to have. */
#define SS_SPACE_MOST_BYTES ((size_t)1 << 37)
#define SS_HEADED_GRANULES (SS_SPACE_MOST_BYTES >> SS_GRANULE_SHIFT)
/* So many are reserved at first, and as many again whenever they do not do. Addresses cost no memory here, but
 * emulators keep a record of each page of them, and checkpoints, sandboxes and pmap look at each. */
#define SS_SPACE_FIRST_BYTES ((size_t)1 << 30)
/* The smallest space worth having; what is refused at this size is refused. */
#define SS_SPACE_MIN_BYTES ((size_t)4 << 20)
/* A caller's region speaks in 32-bit offsets; the last granule stays out so that limits are exact. */
#define SS_EXTERNAL_MAX_BYTES (((size_t)1 << 32) - SS_GRANULE_BYTES)
/* A window's table of what is live has one byte for each 16 of the window, a headless space's for each 32:
 * malloc has no headless block aligned to less. */
#define SS_LIVE_SHIFT 4u
#define SS_HEADLESS_LIVE_SHIFT 5u
/* A magazine of a holder may keep so many bytes, and in any case so many blocks. */
#define SS_MAGAZINE_MAX_BYTES ((size_t)64 << 10)
#define SS_MAGAZINE_MIN_BLOCKS 8u
/* Spaces of malloc, and after them external ones. */
#define SS_INTERNAL_SPACE_COUNT 64u
#define SS_SPACE_COUNT 256u

/* ---- size classes ---- */
#define SS_ALIGNMENT 16u
/* The largest request that a bin serves: the largest headed stride, less its header byte. */
#define SS_SMALL_MAX ((size_t)65536 + SS_ALIGNMENT - 1)
/* Those requests in steps of 16 bytes. */
#define SS_STEPS ((SS_SMALL_MAX >> 4) + 1)
#define SS_HEADLESS_MAX ((size_t)65536)
#define SS_HEADED_COUNT 81u
#define SS_HEADLESS_COUNT 80u
/* Bins are indexed by the header byte itself: a live header has bit 7, headless classes lie below. */
#define SS_BIN_HEADED 128u
/* One more than the last, made up to whole cache lines of pointers. */
#define SS_BIN_COUNT 216u
/* A space has the classes of one kind. */
#define SS_SPACE_BINS SS_HEADED_COUNT
/* Sizes below the second have their class in a table that each thread has of its own, in 16-byte steps. */
#define SS_TINY_STEPS 128u
#define SS_TINY_END ((size_t)SS_TINY_STEPS * SS_ALIGNMENT)
/* A slab of a mid class takes granules until it holds this many blocks and wastes little. Few slabs are
 * little traffic on the lists, and what is not touched costs nothing; but a caller's region may be small.
 * The explorer has its own number, for there are fewer interleavings of less. */
#ifndef SS_SLAB_HEADED_BLOCKS
#define SS_SLAB_HEADED_BLOCKS 16u
#endif
#define SS_SLAB_HEADLESS_BLOCKS 4u
#define SS_SLAB_MAX_GRANULES 16u

/* ---- thread bins ---- */
#define SS_BIN_MAX_BLOCKS 254u /* with the bottom and the lid 2 KiB */
#define SS_BIN_MAX_BYTES ((size_t)128 << 10)
#define SS_BIN_MIN_BLOCKS 16u
#define SS_BIN_FIRST_BLOCKS 14u /* with the bottom and the lid two cache lines */
/* The first room of a bin of large blocks is of 6 or 2 blocks, about this many bytes. */
#define SS_BIN_FIRST_BYTES ((size_t)16 << 10)
/* What the bins of one thread may grow to hold together; the first room of each comes on top. */
#define SS_HEAP_MAX_BYTES ((size_t)2 << 20)
/* Of a bin with less than this the scavenger takes nothing while its thread is at work. */
#define SS_BIN_AGE_BYTES ((size_t)4 << 10)
/* And the bins of all threads: this part of the memory there is for them, and up to a floor in any case. */
#define SS_BINS_SHARE_SHIFT 3u
#define SS_BINS_FLOOR_BYTES ((size_t)512 << 10)

/* A heap keeps slabs of more words of bits than this to itself. The explorer has its own number. */
#ifndef SS_RING_LEAST_WORDS
#define SS_RING_LEAST_WORDS 1u
#endif

/* ---- large caches ---- */
#define SS_LARGE_CACHE_SPANS 8u
/* What the cache of one heap may hold; and those of all heaps: this part of the memory there is for large blocks, and
 * up to a floor in any case, which comes off SS_DIRTY_FLOOR_BYTES. */
#define SS_LARGE_CACHE_MAX_BYTES ((size_t)8 << 20)
#define SS_LARGE_CACHES_SHARE_SHIFT 3u
#define SS_LARGE_CACHES_FLOOR_BYTES ((size_t)4 << 20)
/* So many large blocks a thread frees before it has one: programs that free a few are none the worse. */
#ifndef SS_LARGE_CACHE_FREES
#define SS_LARGE_CACHE_FREES 64u
#endif
/* A cache is judged whenever so many spans were lost from it; and given up for twice as many frees each time, so
 * many times. */
#define SS_LARGE_CACHE_LOST 8u
#define SS_LARGE_CACHE_FAILURES 10u

/* ---- spares ---- */
/* A slab that ends and is made again for another class has pages touched at other places, so a class
 * keeps a few that ran empty, all of them together at most this share of the memory there is. */
#define SS_SPARE_MAX_COUNT 2u
#define SS_SPARES_SHARE_SHIFT 3u

/* ---- giving back ---- */
/* Free memory may stay dirty while what is used and dirty together is below this share of the recent
 * peak of what was used, in eighths; and up to a floor in any case. */
#define SS_DIRTY_FLOOR_BYTES ((size_t)8 << 20)
#define SS_DIRTY_PEAK_EIGHTHS 11u
/* The bound is undercut by at most this much, so that the next release is not over it again. */
#define SS_DIRTY_SLACK_BYTES ((size_t)4 << 20)
/* A span of this size goes back when it is freed: its block may be touched sparsely, and what one user touched
 * of it the next one need not. glibc maps blocks from the same size on by themselves. */
#ifndef SS_RETURN_MIN_BYTES
#define SS_RETURN_MIN_BYTES ((size_t)32 << 20)
#endif
/* Memory goes back in steps of this size. A call of the API makes steps until this time has gone by: a step
 * takes some 0.1 ms where all of it was touched, so the call gives back for 0.3 ms at most. */
#ifndef SS_PURGE_STEP_BYTES
#define SS_PURGE_STEP_BYTES ((size_t)2 << 20)
#endif
#define SS_HOUSEKEEPING_NANOSECONDS UINT64_C(100000)
/* Half of this after it was last used, free memory goes back; SUPERSLAB_DECAY replaces it. */
#define SS_DECAY_MILLISECONDS 500
/* The background thread wakes so many times in that, and not oftener than the second says. */
#define SS_DECAY_TICKS 4u
#define SS_TICK_MIN_MILLISECONDS 10u
/* Where nothing but calls tells the time, releases beyond the bound's floor read the clock this seldom. */
#define SS_PEAK_RELEASES 64u
/* It starts when this much could go back: of free spans in one space, or of what went between bins and slabs
 * and what bins may hold; or when the published figures differ by SS_PUBLISH_LATE_BYTES. It ends when it has found nothing to do for so many ticks, and less than the
 * second is left with threads that are at work. */
#define SS_SCAVENGER_START_BYTES ((size_t)4 << 20)
#define SS_SCAVENGER_END_BYTES ((size_t)1 << 20)
#define SS_SCAVENGER_END_TICKS 8u
/* So long it is waited for where it is told to leave. */
#define SS_SCAVENGER_LEAVE_MILLISECONDS 2000u
/* Where the system refused the thread, so many reasons to start one must come up before it is asked again:
 * a limit on processes may have been reached for a moment only. */
#define SS_SCAVENGER_RETRY_WANTS 256u
/* A container is near its limit when so much of it is used, or when its threads waited for memory for
 * so much of the time. It is asked that often, or after it has grown by this part of its limit. */
#define SS_CONTAINER_NEAR_TENTHS 9u
#define SS_CONTAINER_PRESSURE_PERCENT 10u
#define SS_CONTAINER_MILLISECONDS 250u
#define SS_CONTAINER_STEP_SHIFT 6u
/* A heap tells of what it has freed into slabs, or taken from them, in steps of this. */
#define SS_FREED_STEP_BYTES ((size_t)256 << 10)
/* Zeroing this much by hand is dearer than having the system give fresh pages. */
#define SS_ZERO_BY_PURGE_BYTES ((size_t)1 << 20)
/* From this size on a block that must move has its pages moved, not its bytes. */
#define SS_MOVE_MIN_BYTES ((size_t)1 << 20)
/* Moved pages split the kernel's map of the region, which may have 65,530 parts: so many SuperSlabs
 * may hold some. */
#define SS_MOVE_MAX_SUPERSLABS 4096u

/* ---- statistics for other processes ---- */
/* Spans taken and released until they are told again: of changes that add up, and of any. */
#define SS_PUBLISH_FEW 64u
#define SS_PUBLISH_MANY 4096u
/* A call looks at so many slabs, large blocks or free granules and leaves the rest to the background thread or to
 * the next calls: 50 to 100 nanoseconds each where their records are in no cache. */
#define SS_PUBLISH_PORTION 2048u
/* By so much what is used may differ, up or down, before the background thread is to publish it. */
#define SS_PUBLISH_LATE_BYTES ((size_t)2 << 20)

/* ---- locks ---- */
/* So often in a row a thread takes a space's lock until it owns it. Taking it away again costs a few
 * microseconds, owning it saves some nanoseconds each time, or a hundred where memory is slow. */
#ifndef SS_BIASED_STREAK
#define SS_BIASED_STREAK 1024u
#endif

/* ---- commit ---- */
/* At most this much is committed ahead of need. A debugger's gcore writes it as zeros; to touch it for the first time
 * takes a hundred times as long as the two system calls. */
#define SS_COMMIT_MAX_BYTES ((size_t)8 << 20)
#define SS_META_STEP_BYTES ((size_t)64 << 10)

#endif
