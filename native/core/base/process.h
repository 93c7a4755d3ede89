/* The state of the process that every layer may read: settings, size classes, identity, counters of the statistics. The
 * state of the other layers stands in their own headers. */
#ifndef SS_PROCESS_H
#define SS_PROCESS_H

#include "base/class.h"
#include "base/lock.h"
#include "base/settings.h"
#include "base/types.h"

#include <errno.h>

typedef enum ss_init_state { SS_INIT_NONE, SS_INIT_DONE } ss_init_state;

typedef struct ss_process_data {
    _Atomic uint32_t init_state; /* an ss_init_state; the front layer writes it */
    ss_lock init_lock;           /* of the thread that initialises; system calls are made with it */
    ss_settings settings;        /* written by initialisation alone */
    bool shares_classes;         /* written before there is a heap; share.h */
    _Atomic bool observed;       /* likewise; observe.h */
    _Atomic uint32_t
        process_id; /* of the process whose memory this is; see ss_process_is_original */
    /* True in a copy in which no handler of fork has run: the process may end with its thread alone. */
    _Atomic bool unhandled_copy;
    _Atomic uint32_t
        barrier_able; /* whether the system has a barrier, once it has been asked; biased.c */
    _Atomic uint32_t thread_count; /* threads with a heap */
    ss_lock
        park_lock; /* one thread at a time parks others, or adopts the listed slabs of a class */

    /* Counters for the statistics. */
    _Atomic size_t metadata_bytes, reserved_bytes, given_back_bytes;
    _Atomic uint64_t guarded_reads, foreign_frees;
    _Atomic uint64_t lost_blocks,
        lost_bytes;    /* see ss_heap_inherit; written in a forked child alone */
    _Atomic bool lent; /* for want of memory some request got a block of a larger class */

    ss_class classes[SS_BIN_COUNT];
} ss_process_data;

extern ss_process_data ss_process_state SS_HIDDEN;
#define ss_process (&ss_process_state)

/* Where the first headed space begins. Before initialisation it is so high that no address lies behind it, nor NULL: a
 * thread may still read that while others have begun. */
#define SS_NO_BASE ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))
extern _Atomic uintptr_t ss_headed_base SS_HIDDEN;
/* The number of its granules that are committed. */
extern _Atomic size_t ss_headed_end SS_HIDDEN;

/* Whether an observer is told of each allocation and each free; observe.h. */
static inline bool ss_is_observed(void) {
    /* Relaxed: written before there is a thread with a heap. */
    return SS_UNLIKELY(atomic_load_explicit(&ss_process->observed, memory_order_relaxed));
}

/* Sets errno to ENOMEM. Out of line: keeps errno's address out of the callers. */
SS_COLD void *ss_no_memory(void);

#endif
