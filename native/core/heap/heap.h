/* A heap: a thread's bins, its slabs, its large cache. The thread that has the heap calls these functions: the heap's
 * thread, inside the allocator, or a thread that has parked that one. */
#ifndef SS_HEAP_H
#define SS_HEAP_H

#include "base/biased.h"
#include "profile/unwind.h"
#include "slab/give.h"

/* A bin's slots, from low to high:
 *
 *   bottom   NULL. A pop finds "empty" in the value that it loads anyway.
 *   blocks
 *   vacant   the header of the bin's live blocks. By one comparison a push finds that the block is live and that the
 *            bin has room. Headless blocks have no header; their vacant slots hold a number that no header has. So the
 *            hot free, which gets bin 0 for a granule without a slab, always finds that bin full.
 *   lid      no header either: the bin is full. */
#define SS_BIN_LID ((void *)0x100)
#define SS_BIN_SLOTS_EXTRA 2u
static inline void *ss_headless_vacant(size_t bin) {
    return (void *)(bin + 0x200);
}
static inline void *ss_bin_vacant(size_t bin) {
    if (SS_HARDENED)
        bin = ss_bin_header((unsigned)bin);
    return bin >= SS_BIN_HEADED ? (void *)bin : ss_headless_vacant(bin);
}

/* The part of a bin that the hot path does not touch. */
typedef struct ss_bin {
    _Atomic(void **) slots; /* capacity + 2 of them, the bottom first; statistics read it */
    ss_ring ring;
    _Atomic uint16_t capacity; /* blocks; statistics read it */
    uint16_t left;             /* blocks in it while no thread has the heap, after a fork */
    uint32_t mark;             /* under park_lock: checksum of the older half; ss_heap_age */
} ss_bin;

/* Spans of large blocks that the heap's thread freed last: see large_cache.h. */
typedef struct ss_large_cache {
    uint32_t granules, room; /* granules of all its spans, and how many these may have */
    /* Spans taken from it. The heap's thread writes, the scavenger reads whether it moves. */
    _Atomic uint32_t hits;
    uint32_t hits_aged; /* `hits` when it was last aged */
    uint32_t next;      /* the slot to empty next when the cache is full */
    /* For is_of_use in large_cache.c: `hits` at the last verdict, spans lost since then, verdicts "of no use" in a row,
     * and large blocks that the thread has freed since the last of these. */
    uint32_t hits_judged, lost, failures, frees;
    /* First granule in the upper half, length in the lower; bit SS_CACHED_OLD; 0 for none. */
    uint64_t
        span[SS_LARGE_CACHE_SPANS + 1]; /* a search may read the last one; level 2: see shut.c */
    /* Hardened: the slot that was filled last, which no request takes; and for ss_shut_is_due: spans that may still be
     * shut, less SS_SHUT_FIRST, and blocks that the thread has freed. */
    struct {
        uint64_t *last;
        int32_t left;
        uint32_t freed;
        const void *claimed; /* claim.h */
    } hardened[SS_HARDENED != 0];
} ss_large_cache;

/* For a profile; see count.h. */
typedef struct ss_count {
    bool on;         /* the heap counts */
    uint32_t label;  /* of what its thread allocates; 0 for none */
    ss_stack stack;  /* of its thread, as far as samples have found it */
    uint64_t random; /* state of its generator; 0 before its first draw */
} ss_count;

typedef struct ss_heap {
    ss_biased_owner owner; /* first: a biased lock's owner is a heap, by its address */
    _Atomic(void **) *top; /* of its bins, in its thread's block; others read it under top_lock */
    uint64_t used[(SS_BIN_COUNT + 63) / 64]; /* one bit a bin, set if it has room or a slab */
    uint32_t id;
    bool inherited;    /* its bins hold what they held in the parent of a fork: see `left` */
    size_t bins_bytes; /* bytes of blocks for which its bins have room */
    uint64_t unused[SS_HARDENED ? 5 : 0]; /* to the end of the line: outlets make `used` longer */
    ss_bin bin[SS_BIN_COUNT];
    ss_large_cache large;
    size_t freed_bytes;    /* moved between bins and slabs, not yet added to ss_signals' count */
    _Atomic uint32_t cold; /* cold paths of its thread; stands still while the thread sleeps */
    _Atomic uint32_t cold_flushed; /* `cold` when the heap was last flushed */
    /* Written by the background layer alone, under park_lock. */
    struct ss_heap_park {
        uint32_t cold_seen; /* `cold` at the last tick */
        uint32_t ticks;     /* since `cold` last moved; held back while the tops move */
        uintptr_t tops;     /* the sum of the tops, and of large.hits, at the last tick */
    } park;
    ss_lock top_lock;     /* held to read through `top`, or to change it */
    ss_lock thread_lock;  /* held to park the thread or to let it end, or while it forks */
    bool forks;           /* its thread holds thread_lock, to fork */
    bool flushing;        /* the thread that has parked this heap's thread is changing its bins */
    bool forsaken;        /* in a child: its thread is gone, and the child's thread had parked it */
    void *observed;       /* the observer's word for its thread; observe.h */
    struct ss_tape *tape; /* the thread's, or NULL */
    ss_count count;
    bool bereft;       /* in a child: its slabs are to be listed */
    uintptr_t holder;  /* under ss_heaps->lock: token of the thread that has the heap, 0 for none */
    ss_thread *thread; /* under thread_lock; NULL while no thread has this heap */
    struct ss_heap *next;               /* all heaps ever made */
    struct ss_heap *next_free;          /* under ss_heaps->lock */
    uint64_t shuffle[SS_HARDENED != 0]; /* hardened: the state of a generator; outlet.h */
} ss_heap;
_Static_assert(offsetof(ss_heap, owner) == 0, "biased.h takes the heap for it");
_Static_assert(offsetof(ss_heap, bin) == (size_t)(SS_HARDENED ? 2 : 1) * SS_CACHE_LINE,
               "what every refill reads is one line; two bins a line");

/* All heaps. */
typedef struct ss_heaps_data {
    ss_lock lock;
    uint32_t count;
    _Atomic(ss_heap *) all; /* ever made */
    ss_heap *free;          /* heaps that no thread has */
    _Atomic bool left;      /* in a child: threads that are gone have left large caches */
    _Atomic bool separate[SS_HEADED_COUNT]; /* a class has slabs of its own; share.h */
} ss_heaps_data;

extern ss_heaps_data ss_heaps_state SS_HIDDEN;
#define ss_heaps (&ss_heaps_state)

/* ---- all heaps ---- */

/* The first heap of all that were ever made, and the one after a heap; NULL after the last. Heaps stay for ever. */
static inline ss_heap *ss_heap_first(void) {
    /* Acquire: pairs with the release in ss_heap_acquire, so the heap is filled in. */
    return atomic_load_explicit(&ss_heaps->all, memory_order_acquire);
}

static inline ss_heap *ss_heap_next(const ss_heap *heap) {
    return heap->next;
}

/* Whether some request got a block of a larger class, after a refusal of memory. Relaxed: a thread that has such a block
 * knows it, and for other blocks it makes no difference. */
static inline bool ss_heap_has_lent(void) {
    return atomic_load_explicit(&ss_process->heaps.lent, memory_order_relaxed);
}

/* Sets the fields of the statistics that tell what forked children lost. */
void ss_heaps_lost_read(superslab_stats *out);

/* ---- heaps ---- */

/* A heap that no thread has, or NULL without memory. */
ss_heap *ss_heap_acquire(void);

/* Makes the heap's bins those of the thread: sets the thread's tops. */
void ss_heap_attach(ss_heap *heap, ss_thread *thread);

/* Flushes all bins, abandons all slabs and leaves the heap to the next new thread. */
void ss_heap_give_up(ss_heap *heap, ss_faults *faults);

/* Sets the heap's thread, or that it has none. A parker finds the thread from here on, or, when this returns, is done
 * with it. */
void ss_heap_set_thread(ss_heap *heap, ss_thread *thread);

/* Counts a cold path of the heap's thread. Only this thread writes the number; the scavenger reads whether it moves. */
static inline void ss_heap_note_cold(ss_heap *heap) {
    atomic_store_explicit(&heap->cold, atomic_load_explicit(&heap->cold, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* ---- what a heap holds ---- */

/* Lower bound on the bytes of the slabs that the heap keeps beside those it takes from. */
size_t ss_heap_kept_bytes(const ss_heap *heap);

/* A sum that changes while the heap's thread works, also if it works on its hot paths alone. */
uintptr_t ss_heap_tops(ss_heap *heap);

/* The number of cold paths of the heap's thread, and this number when the heap was last flushed. Relaxed: the scavenger
 * only compares them. */
static inline uint32_t ss_heap_cold(const ss_heap *heap) {
    return atomic_load_explicit(&heap->cold, memory_order_relaxed);
}

static inline uint32_t ss_heap_cold_flushed(const ss_heap *heap) {
    return atomic_load_explicit(&heap->cold_flushed, memory_order_relaxed);
}

/* ---- parking ----
 * The protocol is in thread.h. The parker's barriers are the caller's. */

/* Closes the heap's thread, and holds thread_lock. False, with nothing changed, if the heap has no thread, if that is the
 * calling one, or if it holds the lock: it ends, and then flushes its heap itself, or it forks. */
bool ss_heap_park_begin(ss_heap *heap);

/* After the barrier: whether the thread is outside, so that the heap is the parker's until ss_heap_park_end. */
bool ss_heap_is_parked(const ss_heap *heap);

/* Opens the thread, and releases thread_lock. */
void ss_heap_park_end(ss_heap *heap);

/* Called by initialisation: some blocks are guarded from now on. */
void ss_heaps_guard(void);

/* Asks the heap's thread for a guarded block after `calls` - 1 further calls. False if the heap has no thread, if it is asked
 * already, or if another thread holds thread_lock. */
bool ss_heap_ask(ss_heap *heap, uint16_t calls);

/* Called by a thread that is asked: it is not asked any more. Does nothing while another thread holds thread_lock. */
void ss_heap_unask(ss_heap *heap, ss_thread *self);

/* A parker calls these before and after it changes the bins: they tell a forked child that the bins are in the middle
 * of a change. */
static inline void ss_heap_flushing_begin(ss_heap *heap) {
    heap->flushing = true;
    ss_lock_step();
}

static inline void ss_heap_flushing_end(ss_heap *heap) {
    ss_lock_step();
    heap->flushing = false;
}

/* ---- fork ---- */

/* Called by the heap's thread before it forks: tries to keep parkers away, because the child might find its own bins in
 * the middle of a flush. False if a parker has the thread now. */
bool ss_heap_fork_begin(ss_heap *heap);
/* Called afterwards, in the parent and in the child, also if ss_heap_fork_begin did not succeed. */
void ss_heap_fork_end(ss_heap *heap);

/* The heap of the calling thread by the thread's token, or NULL. */
ss_heap *ss_heap_own(void);

/* In the child of a fork, whose thread has the heap `own` or none: leaves the other threads' heaps to the next new
 * threads. If the thread of a heap was outside the allocator, its bins keep their blocks. Otherwise they are emptied,
 * and the child loses those blocks, at most what the bins of one thread may hold. `own` is opened if it was parked; if
 * the parker was changing its bins, they are emptied, and their blocks are lost. Returns the number of threads with a
 * heap: 0 if the child's thread is being born or about to end. */
uint32_t ss_heaps_inherit(ss_heap *own);

/* In the child of a fork, after ss_heaps_inherit: lets any thread take the slabs of those heaps. Takes no lock. */
void ss_heaps_inherit_slabs(void);

/* In the child of a fork: gives back the large caches of threads that are gone, a few heaps' at a call. True if more are
 * left. What their bins hold stays for the next new threads. */
bool ss_heaps_flush_left(void);

/* Calls `read` for a heap that no thread has and whose bins hold what they held in the parent. A thread that gets the
 * heap meanwhile waits before it uses it. */
void ss_heap_read_inherited(ss_heap *heap, void (*read)(ss_heap *heap, void *context),
                            void *context);

/* The heap as the owner of biased locks; NULL for none. */
static inline const ss_biased_owner *ss_heap_lock_owner(const ss_heap *heap) {
    return heap != NULL ? &heap->owner : NULL;
}

/* Whether the calling thread, whose heap is `own` or which has none, holds a lock by which the statistics read a heap, or
 * a space's lock as its owner. */
bool ss_heaps_are_mine(const ss_heap *own);

#endif
