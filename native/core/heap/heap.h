/* A heap: a thread's bins, its slabs, its large cache. Every function is called by the thread that has the
 * heap to itself: its own, inside the allocator, or one that has parked that. */
#ifndef SS_HEAP_H
#define SS_HEAP_H

#include "base/biased.h"
#include "slab/give.h"

/* A bin's slots: the bottom, which holds NULL, so that a pop from an empty bin finds it in the value it
 * loads anyway; the blocks; above them vacant slots, which hold the header of the bin's live blocks, so that
 * one comparison tells a push both that the block is live and that there is room; and the lid, which is no
 * header. Headless blocks have none, and their vacant slots hold a number that no header has either: to the
 * hot free bin 0, of a granule without a slab, is full. */
#define SS_BIN_LID ((void *)0x100)
#define SS_BIN_SLOTS_EXTRA 2u
static inline void *ss_headless_vacant(size_t bin) {
    return (void *)(bin + 0x200);
}
static inline void *ss_bin_vacant(size_t bin) {
    return bin >= SS_BIN_HEADED ? (void *)bin : ss_headless_vacant(bin);
}

/* The part of a bin that the hot path does not touch. */
typedef struct ss_bin {
    _Atomic(void **) slots; /* from the bottom on, capacity + 2 of them; statistics read it */
    ss_ring ring;
    _Atomic uint16_t capacity; /* blocks; statistics read it */
    uint16_t left;             /* blocks in it, while no thread has the heap: after a fork alone */
    uint32_t mark;             /* the scavenger's, under park_lock: see ss_heap_age */
} ss_bin;

/* Spans of large blocks that the heap's thread freed last: see large_cache.h. */
typedef struct ss_large_cache {
    uint32_t granules, room; /* of all spans, and how many these may be */
    /* Spans taken from it: the owner writes, the background thread looks whether it moves. */
    _Atomic uint32_t hits;
    uint32_t hits_aged; /* `hits` when it was last aged */
    uint32_t next;      /* the slot that is emptied next when it is full */
    /* Whether it is of use, and if not, how often in a row that was found and what the thread has freed since. */
    uint32_t hits_judged, lost, failures, frees;
    /* The first granule above, the length below, 0 for none; SS_CACHED_OLD. */
    uint64_t
        span[SS_LARGE_CACHE_SPANS + 1]; /* and one that is never used: a search may look at it */
} ss_large_cache;

typedef struct ss_heap {
    ss_biased_owner owner; /* first: a thread's heap is the owner of the locks it is biased to */
    _Atomic(void **) *top; /* of its bins, in its thread's block; others read it under top_lock */
    uint64_t used[(SS_BIN_COUNT + 63) / 64]; /* one bit a bin, set if it has room or a slab */
    uint32_t id;
    bool inherited;    /* bins hold what they had in the parent of a fork: see `left` */
    size_t bins_bytes; /* what its bins may hold by their limits */
    ss_bin bin[SS_BIN_COUNT];
    ss_large_cache large;
    size_t freed_bytes; /* what it has freed into slabs or taken from them, and not told of yet */
    _Atomic uint32_t cold; /* its thread's cold paths; stands still while the thread sleeps */
    _Atomic uint32_t cold_flushed; /* `cold` when the heap was last flushed */
    /* The scavenger's, under park_lock. */
    uint32_t cold_seen;        /* `cold` at the last tick */
    uint32_t ticks;            /* since it last moved */
    uintptr_t tops;            /* the sum of the tops at the last tick */
    ss_lock top_lock;          /* held to follow `top`, or to change it */
    ss_lock thread_lock;       /* held to park the thread or to let it end, or while it forks */
    bool forks;                /* its thread has thread_lock, to fork */
    bool flushing;             /* a thread that has parked this one is at its bins */
    bool forsaken;             /* the same, in a child that does not have the thread */
    void *observed;            /* its thread's, for the observer; observe.h */
    bool bereft;               /* in a child: its slabs are to be listed */
    uintptr_t holder;          /* under heaps_lock: the thread that has this heap, 0 for none */
    ss_thread *thread;         /* under thread_lock; NULL while no thread has this heap */
    struct ss_heap *next;      /* all heaps ever made */
    struct ss_heap *next_free; /* under heaps_lock */
} ss_heap;
_Static_assert(offsetof(ss_heap, owner) == 0, "biased.h takes the heap for it");
_Static_assert(offsetof(ss_heap, bin) == SS_CACHE_LINE,
               "what every refill reads is one line; two bins a line");

/* All heaps. */
typedef struct ss_heaps_data {
    ss_lock lock;
    uint32_t count;
    _Atomic(ss_heap *) all;                 /* ever made */
    ss_heap *free;                          /* that no thread has */
    _Atomic bool separate[SS_HEADED_COUNT]; /* a class has slabs of its own; share.h */
} ss_heaps_data;

extern ss_heaps_data ss_heaps_state SS_HIDDEN;
#define ss_heaps (&ss_heaps_state)

/* ---- heaps ---- */

/* A heap that no thread has, or NULL without memory. */
ss_heap *ss_heap_acquire(void);

/* Makes the thread's tops those of the heap's bins. */
void ss_heap_attach(ss_heap *heap, ss_thread *thread);

/* Flushes all bins, abandons all slabs and leaves the heap to the next thread. */
void ss_heap_give_up(ss_heap *heap, ss_faults *faults);

/* In a child, of a heap whose thread is gone: leaves it to the next new thread, if it may `list` it. If the thread was
 * outside the allocator it is whole; one that was in the middle of something is emptied, and what it held is
 * lost to the child, at most what a thread's bins may hold. */
void ss_heap_inherit(ss_heap *heap, bool list);

/* Later, with the heap's thread_lock held, of one that the child's thread was about to flush. */
void ss_heap_forsake(ss_heap *heap);

/* In a child, of the heap that its thread has. If it was being flushed by a thread that had parked this one, it is
 * emptied likewise. False while the thread is being born or about to end. */
bool ss_heap_keep(ss_heap *heap);

#endif
