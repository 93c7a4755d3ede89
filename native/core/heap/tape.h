/* A tape: memory of an observer's into which a thread itself writes the calls that its bins serve, in four or six bytes
 * each. So most calls do not go through the observer's functions. The entries are those of docs/recording.md.
 *
 * The observer opens a thread's tape for some entries, with numbers that it has drawn for them from a counter that all
 * threads share. A thread's calls take the numbers in turn. So numbers must order a call after all other threads' calls
 * that it depends on, and it depends on one only if it gets a block from another thread:
 *   - by a refill of a bin. Then no entry is written: the observer closes the tape and draws a number.
 *   - by freeing another thread's block. `tags` says whose block it is, for each 16 bytes. If that thread's last number
 *     was drawn before this thread's, the order is right already; else the observer is told of the call.
 * A thread that gives blocks away does nothing for that, because the thread that gets them draws a later number.
 *
 * A tape lies in memory that reads as zero in a copy of the process, so there it is closed. */
#ifndef SS_TAPE_H
#define SS_TAPE_H

#include "base/types.h"

/* Tapes; a tape's tag is its number. Tag 0 is that of all blocks which were allocated without a tape. */
#define SS_TAPE_COUNT 256u
/* Entries have offsets in the first headed space below this. */
#define SS_TAPE_MOST_BYTES ((size_t)1 << 32)
#define SS_TAPE_TAGS (SS_TAPE_MOST_BYTES >> SS_ALIGNMENT_SHIFT)
#define SS_TAPE_SIZE_MAX 0xffffu
#define SS_TAPE_ENTRY_MIN 4u
#define SS_TAPE_ENTRY_MAX 6u
_Static_assert(SS_TAPE_MOST_BYTES <= SS_SPACE_MOST_BYTES,
               "each offset has an entry in ss_headed_bins");

typedef struct ss_tape {
    /* Of the thread alone. */
    _Alignas(SS_CACHE_LINE) _Atomic(uint8_t *) at; /* of the next entry */
    uint8_t *end;                                  /* where no entry may begin; NULL: closed */
    uint64_t drawn; /* the counter before this tape's numbers were drawn */
    uint8_t tag;
    /* The number drawn last by the thread. Apart, because other threads read it. */
    _Alignas(SS_CACHE_LINE) _Atomic uint64_t last_drawn;
} ss_tape;

typedef struct ss_tapes_data {
    ss_tape *all; /* by tag; NULL: there are none */
    /* The tape of the thread that allocated the block, for each 16 bytes of the first headed space. NULL while one thread
     * has all blocks. */
    _Atomic(_Atomic uint8_t *) tags;
} ss_tapes_data;

extern ss_tapes_data ss_tapes_state SS_HIDDEN;
#define ss_tapes (&ss_tapes_state)

/* ---- for the observer ---- */

/* `memory`: for SS_TAPE_COUNT tapes, zeroed, and zeroed again in a copy of the process. Before there are threads. */
void ss_tapes_begin(void *memory);

/* From now on blocks may go from thread to thread. `tags` has SS_TAPE_TAGS zeros. Called before the second thread
 * allocates. */
void ss_tapes_share(_Atomic uint8_t *tags);

static inline bool ss_tapes_are_shared(void) {
    /* Relaxed: a thread that gets a block from another one sees what that thread saw. */
    return atomic_load_explicit(&ss_tapes->tags, memory_order_relaxed) != NULL;
}

static inline ss_tape *ss_tape_of(unsigned tag) {
    return &ss_tapes->all[tag];
}

/* Entries may begin at `at` and before `end`, and have the numbers after `drawn`. By the tape's thread. */
static inline void ss_tape_open(ss_tape *tape, unsigned tag, uint8_t *at, uint8_t *end,
                                uint64_t drawn) {
    tape->tag = (uint8_t)tag;
    tape->drawn = drawn;
    atomic_store_explicit(&tape->at, at, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    tape->end = end;
}

/* Returns where the next entry would be; NULL if the tape is closed already. By the tape's thread. */
static inline uint8_t *ss_tape_close(ss_tape *tape) {
    uint8_t *at = atomic_load_explicit(&tape->at, memory_order_relaxed);
    tape->end = NULL;
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&tape->at, NULL, memory_order_relaxed);
    return at;
}

/* Before the thread has a block, or writes an entry, with a number drawn now. */
static inline void ss_tape_drew(ss_tape *tape, uint64_t number) {
    /* Relaxed: a thread that gets a block of this one sees what was stored before. */
    atomic_store_explicit(&tape->last_drawn, number, memory_order_relaxed);
}

/* Says whose block it is, if that is kept. */
static inline void ss_tape_tag(uintptr_t offset, unsigned tag) {
    _Atomic uint8_t *const tags = atomic_load_explicit(&ss_tapes->tags, memory_order_relaxed);
    if (tags != NULL && offset < SS_TAPE_MOST_BYTES)
        /* Relaxed: a thread that reads the tag got the block from the thread that wrote it, or from a later one. */
        atomic_store_explicit(&tags[offset >> SS_ALIGNMENT_SHIFT], (uint8_t)tag,
                              memory_order_relaxed);
}

/* ---- for the tape's thread ---- */

/* Whether the tape is open; then *at is where the next entry goes. Until the entry is written, the thread may become that
 * of a copy, by a signal's handler that forks. Then the tape is closed, and the place is memory of the copy. */
static inline bool ss_tape_is_open(ss_tape *tape, uint8_t **at) {
    /* Atomic, so that it is loaded once. */
    *at = atomic_load_explicit(&tape->at, memory_order_relaxed);
    return *at < tape->end;
}

/* Whether the thread may free the block with a number that the tape has. */
static inline bool ss_tape_may_free(const ss_tape *tape, uintptr_t offset) {
    _Atomic uint8_t *const tags = atomic_load_explicit(&ss_tapes->tags, memory_order_relaxed);
    if (tags == NULL)
        return true;
    const uint8_t tag =
        atomic_load_explicit(&tags[offset >> SS_ALIGNMENT_SHIFT], memory_order_relaxed);
    if (SS_LIKELY(tag == tape->tag))
        return true;
    return tag != 0 &&
           atomic_load_explicit(&ss_tape_of(tag)->last_drawn, memory_order_relaxed) <= tape->drawn;
}

/* The first bytes of an entry tell that it is there, so they are written last. */
static inline void ss_tape_write(ss_tape *tape, uint8_t *at, size_t bytes, uintptr_t offset,
                                 unsigned call) {
    const uint32_t word = (uint32_t)offset | call;
    atomic_signal_fence(memory_order_seq_cst);
    __builtin_memcpy(at, &word, sizeof word);
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&tape->at, at + bytes, memory_order_relaxed);
}

static inline void ss_tape_write_allocated(ss_tape *tape, uint8_t *at, unsigned call,
                                           uintptr_t offset, size_t size) {
    const uint16_t half = (uint16_t)size;
    __builtin_memcpy(at + SS_TAPE_ENTRY_MIN, &half, sizeof half);
    ss_tape_write(tape, at, SS_TAPE_ENTRY_MAX, offset, call);
    ss_tape_tag(offset, tape->tag);
}

static inline void ss_tape_write_freed(ss_tape *tape, uint8_t *at, unsigned call,
                                       uintptr_t offset) {
    ss_tape_write(tape, at, SS_TAPE_ENTRY_MIN, offset, call);
}

#endif
