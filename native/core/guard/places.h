/* The places of guarded blocks: pages apart, each between two pages that no access reaches.
 *
 *   guard | place 0 | guard | place 1 | guard | …
 *
 * A block lies at the beginning or at the end of its page, at random, so that a write before it or behind it faults at
 * once. What the block leaves of the page is filled with a pattern, which is compared when the block is freed. From then on
 * the page is inaccessible like the guards: the places that were freed longest ago are used again first, and there are four
 * times as many as may be in use. The idea is that of GWP-ASan (Serebryany et al., "GWP-ASan: Sampling-Based Detection of
 * Memory-Safety Bugs in Production", 2023) and of Electric Fence before it.
 *
 * A place is changed by the thread that has made it MOVING, so no lock is needed, and the handler of a signal may take and
 * give blocks at any moment. */
#ifndef SS_PLACES_H
#define SS_PLACES_H

#include "base/fault.h"
#include "base/types.h"
#include "profile/unwind.h"

#define SS_PLACES 256u
/* Places in use at a time, and their pages together. */
#define SS_PLACES_USED_MOST 64u
#define SS_PLACES_USED_BYTES ((size_t)256 << 10)
#define SS_MOMENT_FRAMES 32u

/* A call of a thread. */
typedef struct ss_moment {
    uint64_t time;      /* of the clock; 0: never */
    uint64_t map_bytes; /* of the engine's map then; names.h */
    uint32_t thread, count;
    uintptr_t frames[SS_MOMENT_FRAMES]; /* `count` return addresses, the innermost one first */
} ss_moment;

typedef enum ss_place_state {
    SS_PLACE_EMPTY,
    SS_PLACE_LIVE,
    SS_PLACE_FREED,
    SS_PLACE_MOVING /* a thread is taking it or giving it */
} ss_place_state;

/* A place, and its block as it is or was; what `moment` says is valid while the state stays. */
typedef struct ss_place_view {
    uint32_t index;
    ss_place_state state;
    uintptr_t start;
    size_t size; /* that was asked for */
} ss_place_view;

typedef struct ss_places_data {
    _Atomic uintptr_t base; /* of all pages; 0: there are none */
    _Atomic size_t bytes;   /* of all pages */
    size_t page;
    uint32_t used_most;
    _Atomic uint32_t used;   /* live blocks */
    _Atomic uint32_t freed;  /* blocks that were freed, since the start */
    _Atomic uint64_t random; /* state of the generator */
} ss_places_data;

extern ss_places_data ss_places_state SS_HIDDEN;
#define ss_places (&ss_places_state)

/* Reserves the addresses; false if the system refuses. */
bool ss_places_begin(void);

/* Whether the address is in one of the pages. Relaxed: a thread that has a guarded block sees what the thread saw that
 * took it. */
static inline bool ss_places_contain(uintptr_t address) {
    return address - atomic_load_explicit(&ss_places->base, memory_order_relaxed) <
           atomic_load_explicit(&ss_places->bytes, memory_order_relaxed);
}

static inline size_t ss_places_page_bytes(void) {
    return ss_places->page;
}

/* Live blocks now. Relaxed: a figure. */
static inline uint32_t ss_places_used(void) {
    return atomic_load_explicit(&ss_places->used, memory_order_relaxed);
}

/* Whether a request may get a place. */
static inline bool ss_place_fits(size_t size, size_t alignment) {
    return size - 1 < ss_places->page && alignment <= ss_places->page;
}

/* A guarded block for a request that fits; NULL if all places are in use or the system refuses. `stack` is what is known of
 * the thread's stack. */
void *ss_place_take(size_t size, size_t alignment, ss_stack *stack);

/* Frees the block that begins at the address, which is in one of the pages. SUPERSLAB_OK, or the error. With
 * SUPERSLAB_ERROR_OVERFLOW and _UNDERFLOW the block was freed, and `*damage` is the nearest byte beside the block that was
 * written over. */
superslab_error ss_place_give(uintptr_t block, ss_stack *stack, uintptr_t *damage);

/* The error in a pointer, which is in one of the pages, that should be the beginning of a live block. */
superslab_error ss_place_error(uintptr_t pointer);

/* The place in whose page the address is. False in a guard, and in a place that was never used. */
bool ss_place_at(uintptr_t address, ss_place_view *out);
/* The same; in a guard, the place beside it whose block is nearer. */
bool ss_place_near(uintptr_t address, ss_place_view *out);
/* A place by its index, below SS_PLACES; false if it was never used. */
bool ss_place_of_index(uint32_t index, ss_place_view *out);

/* The calls that allocated and freed the block of a place. */
const ss_moment *ss_place_allocated(uint32_t index);
const ss_moment *ss_place_freed(uint32_t index);

/* True the first time that it is called for a block. */
bool ss_place_report_begin(uint32_t index);

/* A random number. */
uint32_t ss_places_random(void);

/* Writes down the calling thread's call. */
void ss_moment_take(ss_moment *out, ss_stack *stack);

/* In the child of a fork. */
void ss_places_inherit(void);

#endif
