/* Compile-time constants, the only place for them. */
#ifndef SS_CONFIG_H
#define SS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

/* ---- hardening ----
 * 0 in the default build, 1 or 2 in the hardened libraries: docs/design/hardened.md. Code asks for it by `if`, so that
 * each build compiles all of it and keeps none of what it does not use. */
#ifndef SUPERSLAB_HARDENED
#define SUPERSLAB_HARDENED 0
#endif
#define SS_HARDENED SUPERSLAB_HARDENED
/* The bytes behind what was asked for that a hardened library needs in a small block: one of its canary, and the next
 * block's code; slab/trailer.h. */
#define SS_TRAILER_CODE_BYTES 2u
#define SS_TRAILER_BYTES (SS_HARDENED ? SS_TRAILER_CODE_BYTES + 1 : 0u)

/* Hardened: the most gaps; gap.h. Each makes two mappings, of the 65,530 that Linux gives a process. */
#ifndef SS_GAP_MOST
#define SS_GAP_MOST 16384u
#endif

/* ---- geometry ---- */
#define SS_GRANULE_SHIFT 16
#define SS_GRANULE_BYTES ((size_t)1 << SS_GRANULE_SHIFT)
#define SS_SUPERSLAB_SHIFT 21
#define SS_SUPERSLAB_BYTES ((size_t)1 << SS_SUPERSLAB_SHIFT)
#define SS_SUPERSLAB_GRANULES 32u

/* The most bytes of addresses that one of malloc's spaces may grow to. */
#define SS_SPACE_MOST_BYTES ((size_t)1 << 37)
#define SS_HEADED_GRANULES (SS_SPACE_MOST_BYTES >> SS_GRANULE_SHIFT)
/* The bytes of addresses that a space reserves at first. It doubles them when they are used up. Reserved addresses cost
 * no memory here, but emulators keep a record of each page of them, and checkpoints, sandboxes and pmap visit each. */
#define SS_SPACE_FIRST_BYTES ((size_t)1 << 30)
/* The smallest space worth making. If the system refuses this size, there is no space. */
#define SS_SPACE_MIN_BYTES ((size_t)4 << 20)
/* The most bytes of an external space. Its offsets have 32 bits; the last granule is left out so that its limit fits
 * into 32 bits, too. */
#define SS_EXTERNAL_MAX_BYTES (((size_t)1 << 32) - SS_GRANULE_BYTES)
/* log2 of the addresses for each byte of a table of live blocks: 16 in a window, 32 in a headless space, because malloc
 * aligns each headless block to at least 32. */
#define SS_LIVE_SHIFT 4u
#define SS_HEADLESS_LIVE_SHIFT 5u
/* A magazine may keep blocks of this many bytes together, and this many blocks in any case. */
#define SS_MAGAZINE_MAX_BYTES ((size_t)64 << 10)
#define SS_MAGAZINE_MIN_BLOCKS 8u
/* Places in the table of spaces: those of malloc's, which come first, and all. */
#define SS_INTERNAL_SPACE_COUNT 64u
#define SS_SPACE_COUNT 256u

/* The bytes of addresses for blocks of no bytes, 16 for each. A request beyond them gets an ordinary block. The explorer
 * sets a number of its own. */
#ifndef SS_EMPTY_MOST_BYTES
#define SS_EMPTY_MOST_BYTES ((size_t)256 << 20)
#endif

/* ---- size classes ---- */
#define SS_ALIGNMENT_SHIFT 4u
#define SS_ALIGNMENT (1u << SS_ALIGNMENT_SHIFT)
/* Strides rise by SS_ALIGNMENT for the first classes, the linear ones, and then in equal steps within each doubling. All
 * other numbers of classes follow from these three. */
#define SS_LINEAR_SHIFT 4u
#define SS_DOUBLING_SHIFT 3u
#define SS_DOUBLINGS 8u
#define SS_LINEAR_CLASSES (1u << SS_LINEAR_SHIFT)
#define SS_DOUBLING_CLASSES (1u << SS_DOUBLING_SHIFT)
/* The largest stride of a linear class, and of all headless ones. */
#define SS_LINEAR_MAX (SS_LINEAR_CLASSES * SS_ALIGNMENT)
#define SS_HEADLESS_MAX ((size_t)SS_LINEAR_MAX << SS_DOUBLINGS)
#define SS_HEADLESS_COUNT (SS_LINEAR_CLASSES + SS_DOUBLINGS * SS_DOUBLING_CLASSES)
/* One headed class more: its stride is SS_LINEAR_MAX and the step that a header needs. */
#define SS_HEADED_COUNT (SS_HEADLESS_COUNT + 1u)
/* The largest request that a bin serves: the largest headed stride, less its header byte and its trailer. */
#define SS_SMALL_MAX (SS_HEADLESS_MAX + SS_ALIGNMENT - 1 - SS_TRAILER_BYTES)
/* The number of 16-byte steps of those requests, 0 included. */
#define SS_STEPS ((SS_SMALL_MAX + SS_TRAILER_BYTES) / SS_ALIGNMENT + 1)
/* Bins are indexed by the header byte itself: a live header has bit 7. Headless classes lie below. */
#define SS_BIN_HEADED 128u
/* The header, and the byte in a table of live blocks, of a block that a profile has sampled. It is no bin's number: the
 * place that it has among the bins stays without room. */
#define SS_HEADER_SAMPLED (SS_BIN_HEADED + SS_HEADED_COUNT)
/* The last number plus 1, rounded up to whole cache lines of pointers. */
#define SS_HEADER_COUNT ((SS_HEADER_SAMPLED + 1u + 7u) / 8u * 8u)
/* Hardened: each bin has an outlet, a second stack from which malloc pops, while free pushes onto the bin. Its number is
 * the bin's plus this. In the default build a bin is its own outlet. */
#define SS_OUTLET (SS_HARDENED ? SS_HEADER_COUNT : 0u)
#define SS_BIN_COUNT (SS_HEADER_COUNT + SS_OUTLET)
/* An empty outlet changes places with its bin if that has at least this many blocks: so a block is not handed out again
 * before others of its class. */
#define SS_OUTLET_LEAST 5u
/* The bins of a space, which are of one kind: at most this many. */
#define SS_SPACE_BINS SS_HEADED_COUNT
/* Requests below SS_TINY_END find their bin in a table of the thread record, which has an entry for each size. */
#define SS_TINY_STEPS 128u
#define SS_TINY_END ((size_t)SS_TINY_STEPS * SS_ALIGNMENT)
/* The largest of them: with its trailer it is below SS_TINY_END. */
#define SS_TINY_MAX (SS_TINY_END - 1 - SS_TRAILER_BYTES)
/* The bin of a request of no bytes: it never has room, so the request takes the cold path (space/empty.h). No heap has
 * blocks of this bin's class, which is the headless one of SS_ALIGNMENT bytes. */
#define SS_BIN_EMPTY 0u
/* A slab takes granules until it holds this many blocks and its tail is small. Fewer slabs mean less traffic on the
 * lists, and untouched pages cost nothing. Headless slabs hold fewer blocks, because a caller's region may be small.
 * The explorer sets a number of its own: fewer blocks have fewer interleavings. */
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
/* A bin of larger blocks has room for 6 or 2 of them at first, about this many bytes. */
#define SS_BIN_FIRST_BYTES ((size_t)16 << 10)
/* The bytes by which the bins of one thread may grow together, beyond the first room of each. */
#define SS_HEAP_MAX_BYTES ((size_t)2 << 20)
/* The scavenger takes nothing from a bin with less than this while its thread is at work. */
#define SS_BIN_AGE_BYTES ((size_t)4 << 10)
/* The bins of all threads together may grow to this share, as a shift, of the committed memory of the bin's kind
 * (headed or headless), and to the floor in any case. */
#define SS_BINS_SHARE_SHIFT 3u
#define SS_BINS_FLOOR_BYTES ((size_t)512 << 10)

/* A heap's rings keep only slabs with more words of bits than this. The explorer sets a number of its own. */
#ifndef SS_RING_LEAST_WORDS
#define SS_RING_LEAST_WORDS 1u
#endif

/* ---- large caches ---- */
/* At level 2 the spans of a cache keep the gaps behind them, so a request that finds one takes no system call: there are
 * more of them. The explorer sets a number of its own. */
#ifndef SS_LARGE_CACHE_SPANS
#define SS_LARGE_CACHE_SPANS (SS_HARDENED >= 2 ? 256u : 8u)
#endif
/* The bytes that the cache of one heap may hold. The caches of all heaps together may hold this share of the committed
 * headless memory, as a shift, and the floor in any case. What they may hold, up to the floor, is subtracted from
 * SS_DIRTY_FLOOR_BYTES. */
#define SS_LARGE_CACHE_MAX_BYTES ((size_t)(SS_HARDENED >= 2 ? 256 : 8) << 20)
#define SS_LARGE_CACHES_SHARE_SHIFT (SS_HARDENED >= 2 ? 1u : 3u)
#define SS_LARGE_CACHES_FLOOR_BYTES ((size_t)4 << 20)
/* What all of them may hold in any case. At level 2 the cache of one thread, because without it its gaps are closed anew for
 * most requests: with half of that memory large blocks took 2.5 times as long. */
#define SS_LARGE_CACHES_LEAST_BYTES                                                                \
    (SS_HARDENED >= 2 ? SS_LARGE_CACHE_MAX_BYTES : SS_LARGE_CACHES_FLOOR_BYTES)
/* A thread gets a large cache after it has freed this many large blocks: programs that free few do not pay for it. */
#ifndef SS_LARGE_CACHE_FREES
#define SS_LARGE_CACHE_FREES (SS_HARDENED ? 0u : 64u) /* hardened: the cache delays reuse */
#endif
/* A cache is judged each time this many spans were lost from it. A failure gives it up for a number of frees that
 * doubles with each further failure, at most this many times. */
#define SS_LARGE_CACHE_LOST 8u
#define SS_LARGE_CACHE_FAILURES 10u

/* ---- guarded blocks ---- */
/* The most in a second. */
#define SS_GUARD_RATE_MOST 100u
/* An asked thread lets calls pass before its next block is guarded: a random number of 1 to this many bits, less 1. Without
 * that only the first call after a pause would have a guarded block. Each call that passes takes its cold path, so the
 * number is seldom large. */
#define SS_GUARD_CALLS_BITS 10u
/* Threads that are asked with each sample that is granted. */
#define SS_GUARD_ASKED 4u

/* ---- spares ---- */
/* A slab that ends and is made again for another class has other pages touched. So each class keeps up to this many
 * slabs without live blocks, all classes of a space together at most this share of its memory, as a shift. */
#define SS_SPARE_MAX_COUNT 2u
#define SS_SPARES_SHARE_SHIFT 3u

/* ---- huge pages ---- */
/* From this much used memory on, a headed space grows by huge pages. */
#define SS_HUGE_MIN_BYTES ((size_t)16 << 20)
/* More of it for each thread with a heap: a thread has slabs of its own, most of them partly touched. With 71 threads
 * that share 100 MiB, huge pages made a fifth more memory resident, and cost more time than they saved. */
#define SS_HUGE_THREAD_BYTES ((size_t)1 << 20)
/* Only slabs of this length at most are made in it: a program has few of the larger blocks of most classes, so the rest
 * of a longer slab is likely to stay untouched. */
#define SS_HUGE_MOST_GRANULES 2u

/* ---- giving back ---- */
/* Used and dirty memory together may reach this many eighths of the recent peak of used memory. Memory up to the floor
 * may be dirty in any case. */
#define SS_DIRTY_FLOOR_BYTES ((size_t)8 << 20)
#define SS_DIRTY_PEAK_EIGHTHS 11u
/* A purge goes below the bound by at most this much, so that the next release does not exceed it again. */
#define SS_DIRTY_SLACK_BYTES ((size_t)4 << 20)
/* A span of at least this size goes back when it is freed: its next user may touch other pages than the last one, and
 * the pages of both would stay. glibc gives blocks from this size on a mapping of their own in any case. */
#ifndef SS_RETURN_MIN_BYTES
#define SS_RETURN_MIN_BYTES ((size_t)32 << 20)
#endif
/* Memory is purged in steps of this size. A call of the API makes steps until SS_HOUSEKEEPING_NANOSECONDS have passed.
 * A step takes about 0.1 ms if all of it was touched, so a call purges for 0.3 ms at most. */
#ifndef SS_PURGE_STEP_BYTES
#define SS_PURGE_STEP_BYTES ((size_t)2 << 20)
#endif
#define SS_HOUSEKEEPING_NANOSECONDS UINT64_C(100000)
/* The decay: free memory that has not been used for this long goes back. SUPERSLAB_DECAY replaces it. */
#define SS_DECAY_MILLISECONDS 500
/* The scavenger wakes this many times in a decay, but not more often than SS_TICK_MIN_MILLISECONDS allows. */
#define SS_DECAY_TICKS 4u
#define SS_TICK_MIN_MILLISECONDS 10u
/* Without a scavenger, one in this many releases beyond the bound's floor reads the clock. */
#define SS_PEAK_RELEASES 64u
/* The scavenger starts when this much could go back: dirty in one space, or moved between bins and slabs plus what bins
 * may hold. It also starts when the published figures differ by SS_PUBLISH_LATE_BYTES. It ends after
 * SS_SCAVENGER_END_TICKS ticks with nothing to do, if threads at work hold at most SS_SCAVENGER_END_BYTES. */
#define SS_SCAVENGER_START_BYTES ((size_t)4 << 20)
#define SS_SCAVENGER_END_BYTES ((size_t)1 << 20)
#define SS_SCAVENGER_END_TICKS 8u
/* A thread that tells the scavenger to leave waits for it this long at most. */
#define SS_SCAVENGER_LEAVE_MILLISECONDS 2000u
/* If the system refused the thread, it is asked again after this many further reasons to start it: a limit on processes
 * may have been reached for a moment only. */
#define SS_SCAVENGER_RETRY_WANTS 256u
/* A container is near its limit when this share of the limit is used, or when its threads waited for memory for this
 * share of the time. Its use is read at this interval, and after this share of the limit, as a shift, was committed. */
#define SS_CONTAINER_NEAR_TENTHS 9u
#define SS_CONTAINER_PRESSURE_PERCENT 10u
#define SS_CONTAINER_MILLISECONDS 250u
#define SS_CONTAINER_STEP_SHIFT 6u
/* Near the limit one report is written, and no other one for this long. It is left out in a process that holds less than
 * one part in SS_PRESSURE_SHARE of what the container uses. */
#define SS_PRESSURE_PAUSE_NANOSECONDS (UINT64_C(600) * 1000000000)
#define SS_PRESSURE_SHARE 4u
/* The scavenger stays to look from this many quarters of the limit on, and this long after the use has grown by a share
 * of the limit (SS_CONTAINER_STEP_SHIFT): memory that is not superslab's grows without a call. While the use grows fast
 * it looks more often, but not more often than this many milliseconds. */
#define SS_PRESSURE_WATCH_QUARTERS 3u
#define SS_PRESSURE_WATCH_NANOSECONDS (UINT64_C(5) * 1000000000)
#define SS_PRESSURE_LEAST_MILLISECONDS 5u
#define SS_PRESSURE_FAST_BYTES_PER_MILLISECOND ((uint64_t)2 << 20)
/* From SS_PRESSURE_WATCH_QUARTERS on the report is written if the limit will be near within this time. */
#define SS_PRESSURE_SOON_MILLISECONDS 500u
/* For JavaScript the limits are read again after this long, because they can be changed. */
#define SS_PRESSURE_LIMITS_NANOSECONDS (UINT64_C(5) * 1000000000)
/* A heap reports what it has freed into slabs, or taken from them, in steps of this size. */
#define SS_FREED_STEP_BYTES ((size_t)256 << 10)
/* From this size on, zeroing dirty memory by stores costs more than purging it and taking fresh pages. */
#define SS_ZERO_BY_PURGE_BYTES ((size_t)1 << 20)
/* From this size on a block that must move has its pages moved; smaller blocks are copied. */
#define SS_MOVE_MIN_BYTES ((size_t)1 << 20)
/* Moved pages split the kernel's mapping of a space, and a process may have 65,530 mappings. So at most this many
 * SuperSlabs may have moved granules. */
#define SS_MOVE_MAX_SUPERSLABS 4096u

/* ---- statistics for other processes ---- */
/* Numbers of spans taken and released since the last publication, to which figures.c adds in proportion to the space.
 * After FEW the published figures are compared again; after MANY they are published in any case. */
#define SS_PUBLISH_FEW 64u
#define SS_PUBLISH_MANY 4096u
/* A call that publishes looks at this many slabs, large blocks or free granules at most, and leaves the rest to the
 * scavenger or to the next calls. Each takes 50 to 100 ns if its record is in no cache. */
#define SS_PUBLISH_PORTION 2048u
/* When what a space uses has changed by more than this, up or down, the scavenger is to publish it. */
#define SS_PUBLISH_LATE_BYTES ((size_t)2 << 20)

/* ---- locks ---- */
/* A thread becomes the owner of a space's lock after it has taken it this many times in a row. Revoking costs a few
 * microseconds. Ownership saves some nanoseconds each time, or a hundred where memory is slow. */
#ifndef SS_BIASED_STREAK
#define SS_BIASED_STREAK 1024u
#endif

/* ---- commit ---- */
/* At most this much is committed ahead of need. More would save little, because touching it for the first time takes a
 * hundred times as long as the two system calls, and a debugger's gcore writes it as zeros. */
#define SS_COMMIT_MAX_BYTES ((size_t)8 << 20)
#define SS_META_STEP_BYTES ((size_t)64 << 10)

#endif
