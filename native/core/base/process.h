/* The state of the process that every layer may read: settings, size classes, identity, counters of the statistics. Each
 * part names the layer that writes it; the parts are here because lower layers read them. The state of the other layers
 * is in their own headers. */
#ifndef SS_PROCESS_H
#define SS_PROCESS_H

#include "base/class.h"
#include "base/lock.h"
#include "base/settings.h"
#include "base/types.h"

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
    } life;
    ss_lock init_lock; /* held by the thread that initialises, also in system calls */
    /* Held by the thread that parks other threads, or that adopts all listed slabs of a class. */
    ss_lock park_lock;
    ss_settings settings; /* written by initialisation alone */
    /* Whether the system has a barrier: unknown until it is asked; biased.c. */
    _Atomic uint32_t barrier_able;
    /* Written by the heap layer alone. */
    struct ss_process_heaps {
        bool shares_classes;   /* written before there is a heap; share.h */
        _Atomic bool observed; /* written before there is a heap; observe.h */
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

/* ---- words of the hot paths ---- */

/* The first address of the first headed space. Before initialisation it is SS_NO_BASE: no address, nor NULL, is less
 * than the size of a space above that. A thread may still read this value while others allocate already. */
#define SS_NO_BASE ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))
extern _Atomic uintptr_t ss_headed_base SS_HIDDEN;
/* The number of its granules that are committed. */
extern _Atomic size_t ss_headed_end SS_HIDDEN;

/* Whether an observer is told of each allocation and each free; observe.h. */
static inline bool ss_is_observed(void) {
    /* Relaxed: written before there is a thread with a heap. */
    return SS_UNLIKELY(atomic_load_explicit(&ss_process->heaps.observed, memory_order_relaxed));
}

/* Sets errno to ENOMEM and returns NULL. Out of line, so that callers do not compute errno's address. */
SS_COLD void *ss_no_memory(void);

#endif
