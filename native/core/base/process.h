/* The state of the process that every layer may ask for: settings, size classes, identity, counters of the statistics.
 * Each part names the layer that writes it; the parts are here because lower layers ask for them. The state of the other
 * layers is in their own headers. */
#ifndef SS_PROCESS_H
#define SS_PROCESS_H

#include "base/class.h"
#include "base/lock.h"
#include "base/settings.h"
#include "base/types.h"
#include "superslab.h"

#include <errno.h>

typedef enum ss_init_state { SS_INIT_NONE, SS_INIT_DONE } ss_init_state;

typedef struct ss_process_data {
    /* Written by the front layer alone. */
    struct ss_process_life {
        _Atomic uint32_t init_state; /* an ss_init_state */
        /* Of the process that owns this memory; see ss_process_is_original. */
        _Atomic uint32_t process_id;
        _Atomic uint32_t thread_count; /* threads with a heap */
        /* True in a copy in which no handler of fork has run. It starts no scavenger: its thread may end by returning
         * from clone's function, and a scavenger would then keep the process alive. */
        _Atomic bool unhandled_copy;
        ss_lock init_lock; /* held by the thread that initialises, also in system calls */
    } life;
    /* Held by the thread that parks other threads, or that adopts all listed slabs of a class. */
    ss_lock park_lock;
    ss_settings settings; /* written by initialisation alone */
    /* Whether the system has a barrier: unknown until it is asked; biased.c. */
    _Atomic uint32_t barrier_able;
    /* Written by the heap layer alone. */
    struct ss_process_heaps {
        bool shares_classes;      /* written before there is a heap; share.h */
        _Atomic bool counted;     /* a heap has counted: blocks may be sampled */
        _Atomic uint32_t watched; /* SS_WATCHED_ bits, and the number of counting heaps */
        _Atomic bool lent; /* after a refusal of memory a request got a block of a larger class */
        /* Written in a forked child alone; see ss_heaps_inherit. */
        _Atomic uint64_t lost_blocks, lost_bytes;
    } heaps;
    /* Counters for the statistics: any layer adds by the functions below. */
    struct ss_process_counts {
        _Atomic size_t metadata_bytes, reserved_bytes, given_back_bytes;
        _Atomic uint64_t guarded_reads, foreign_frees;
    } counts;
    ss_class classes[SS_BIN_COUNT];
} ss_process_data;

extern ss_process_data ss_process_state SS_HIDDEN;
#define ss_process (&ss_process_state)

/* Called by initialisation: reads the settings and fills the table of classes. */
void ss_process_prepare(void);

/* ---- settings ----
 * They are constant from initialisation on. */

/* Whether there is neither a background thread nor a barrier on other threads (SUPERSLAB_DECAY=inline): threads on their
 * cold paths give memory back. */
static inline bool ss_process_is_inline(void) {
    return ss_process->settings.inline_only;
}

static inline bool ss_process_allows_huge(void) {
    return ss_process->settings.huge_pages == SS_HUGE_ALWAYS;
}

static inline bool ss_process_fills_huge(void) {
    return ss_process->settings.huge_pages != SS_HUGE_NEVER;
}

/* The bytes that the process may use; SIZE_MAX: there is no limit. */
static inline size_t ss_process_limit(void) {
    return ss_process->settings.limit_bytes;
}

static inline bool ss_process_is_limited(void) {
    return ss_process_limit() != SIZE_MAX;
}

static inline uint32_t ss_process_guard_rate(void) {
    return ss_process->settings.guard_rate;
}

/* The milliseconds after which unused memory goes back. 0: at once; SS_DECAY_NEVER: nothing goes back by age. */
static inline int32_t ss_process_decay(void) {
    return ss_process->settings.decay_ms;
}

/* ---- classes ----
 * They are constant from initialisation on. */

static inline const ss_class *ss_bin_class(size_t bin) {
    return &ss_process->classes[bin];
}

static inline uint32_t ss_bin_stride(size_t bin) {
    return ss_class_stride(ss_bin_class(bin));
}

/* ---- the process's life ---- */

/* The number of threads with a heap. Relaxed: a hint, and a figure of the statistics. */
static inline uint32_t ss_process_threads(void) {
    return atomic_load_explicit(&ss_process->life.thread_count, memory_order_relaxed);
}

/* Whether this is a copy in which no handler of fork has run. Relaxed: it is set while the copy has one thread. */
static inline bool ss_process_is_unhandled_copy(void) {
    return atomic_load_explicit(&ss_process->life.unhandled_copy, memory_order_relaxed);
}

/* ---- park_lock: see ss_process_data ---- */

static inline void ss_park_lock_take(void) {
    ss_lock_take(&ss_process->park_lock);
}

static inline void ss_park_lock_release(void) {
    ss_lock_release(&ss_process->park_lock);
}

static inline bool ss_park_lock_is_mine(void) {
    return ss_lock_is_mine(&ss_process->park_lock);
}

/* In the child of a fork: releases the lock if a thread that is gone held it, and returns true. */
static inline bool ss_park_lock_inherit(void) {
    return ss_lock_inherit(&ss_process->park_lock);
}

/* ---- counting ---- */

static inline void ss_count_metadata(size_t bytes) {
    atomic_fetch_add_explicit(&ss_process->counts.metadata_bytes, bytes, memory_order_relaxed);
}

static inline void ss_count_metadata_gone(size_t bytes) {
    atomic_fetch_sub_explicit(&ss_process->counts.metadata_bytes, bytes, memory_order_relaxed);
}

static inline void ss_count_reserved(size_t bytes) {
    atomic_fetch_add_explicit(&ss_process->counts.reserved_bytes, bytes, memory_order_relaxed);
}

static inline void ss_count_released(size_t bytes) {
    atomic_fetch_sub_explicit(&ss_process->counts.reserved_bytes, bytes, memory_order_relaxed);
}

static inline void ss_count_given_back(size_t bytes) {
    atomic_fetch_add_explicit(&ss_process->counts.given_back_bytes, bytes, memory_order_relaxed);
}

static inline void ss_count_guarded_read(void) {
    atomic_fetch_add_explicit(&ss_process->counts.guarded_reads, 1, memory_order_relaxed);
}

static inline void ss_count_foreign_free(void) {
    atomic_fetch_add_explicit(&ss_process->counts.foreign_frees, 1, memory_order_relaxed);
}

/* Relaxed: a budget. */
static inline size_t ss_counted_metadata(void) {
    return atomic_load_explicit(&ss_process->counts.metadata_bytes, memory_order_relaxed);
}

/* Sets the fields of the statistics that are counted here. */
void ss_counts_read(superslab_stats *out);

/* ---- words of the hot paths ---- */

/* The first address of the first headed space. Before initialisation it is SS_NO_BASE: no address, nor NULL, is less
 * than the size of a space above that. A thread may still read this value while others allocate already. */
#define SS_NO_BASE ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))
extern _Atomic uintptr_t ss_headed_base SS_HIDDEN;
/* The number of its granules that are committed. */
extern _Atomic size_t ss_headed_end SS_HIDDEN;

/* The word `watched`: whether the cold paths have more to do than to serve the call. */
#define SS_WATCHED_BY_OBSERVER                                                                     \
    1u /* an observer is told of each allocation and each free; observe.h */
#define SS_WATCHED_BY_PROFILE 2u /* a profile samples; count.h */
#define SS_WATCHED_BY_GUARD 4u   /* some blocks are guarded; guard/due.h */
#define SS_WATCHED_HEAP 8u       /* added for each heap that counts */

/* Relaxed: the observer's bit is written before there is a thread with a heap; a thread that sees the start or the end
 * of a profile late counts late. */
static inline uint32_t ss_watched(void) {
    return atomic_load_explicit(&ss_process->heaps.watched, memory_order_relaxed);
}

/* Whether each call is told of, or counted. */
static inline bool ss_is_watched(void) {
    return SS_UNLIKELY((ss_watched() & ~SS_WATCHED_BY_GUARD) != 0);
}

static inline bool ss_is_guarded(void) {
    return SS_UNLIKELY((ss_watched() & SS_WATCHED_BY_GUARD) != 0);
}

static inline bool ss_is_observed(void) {
    return SS_UNLIKELY((ss_watched() & SS_WATCHED_BY_OBSERVER) != 0);
}

/* Whether there is an observer, and neither a profile nor guards have a part in the calls. */
static inline bool ss_is_only_observed(void) {
    return ss_watched() == SS_WATCHED_BY_OBSERVER;
}

/* Whether a heap has ever counted. Relaxed: set before a block gets a header that tells it. */
static inline bool ss_has_counted(void) {
    return SS_UNLIKELY(atomic_load_explicit(&ss_process->heaps.counted, memory_order_relaxed));
}

static inline bool ss_is_profiled(void) {
    return (ss_watched() & SS_WATCHED_BY_PROFILE) != 0;
}

/* Sets errno to ENOMEM and returns NULL. Out of line, so that callers do not compute errno's address. */
SS_COLD void *ss_no_memory(void);

#endif
