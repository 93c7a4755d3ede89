#include "range.h"

#include <string.h>

enum { RANGES_MAX = 64 };

typedef struct range {
    uintptr_t start;
    size_t bytes;
    unsigned thread; /* that did it, and when */
    uint32_t clock;
} range;

typedef struct ranges {
    unsigned count;
    range list[RANGES_MAX];
} ranges;

static ranges forbidden, committed; /* in this execution */
static ranges reborn;
/* By thread: up to which time of each thread's clock it knows the commits. */
static uint32_t told[EXPLORER_THREADS_MAX][EXPLORER_THREADS_MAX];

void ranges_begin(void) {
    forbidden.count = committed.count = 0;
    memset(told, 0, sizeof told);
}

static void add(ranges *all, const void *start, size_t bytes, unsigned thread, uint32_t clock) {
    if (all->count == RANGES_MAX)
        explorer_fail("too many ranges");
    all->list[all->count++] = (range){(uintptr_t)start, bytes, thread, clock};
}

static bool covers(const range *one, const void *address) {
    return (uintptr_t)address - one->start < one->bytes;
}

void range_forbid(const void *start, size_t bytes) {
    add(&forbidden, start, bytes, 0, 0);
}

/* Cuts the addresses out of the forbidden ranges. In hardened builds a span may be opened in other parts than it was shut. */
static void allow(uintptr_t start, size_t bytes) {
    const uintptr_t end = start + bytes;
    for (unsigned i = forbidden.count; i-- != 0;) {
        const uintptr_t from = forbidden.list[i].start, to = from + forbidden.list[i].bytes;
        if (to <= start || end <= from)
            continue;
        forbidden.list[i] = forbidden.list[--forbidden.count];
        if (from < start)
            range_forbid((const void *)from, start - from);
        if (end < to)
            range_forbid((const void *)end, to - end);
    }
}

void range_commit(const void *start, size_t bytes, unsigned thread, uint32_t clock) {
    allow((uintptr_t)start, bytes);
    add(&committed, start, bytes, thread, clock);
}

void range_known(unsigned thread, unsigned other, uint32_t clock) {
    told[thread][other] = clock;
}

void range_check(const void *address, const view *known, const void *place) {
    for (unsigned i = 0; i < forbidden.count; i++)
        if (covers(&forbidden.list[i], address))
            explorer_fail("access at %p to memory that was given back", place);
    bool usable = true;
    for (unsigned i = 0; i < committed.count; i++) {
        const range *one = &committed.list[i];
        if (!covers(one, address))
            continue;
        usable = known->clock[one->thread] >= one->clock ||
                 told[explorer_thread()][one->thread] >= one->clock;
        if (usable)
            return; /* it may have been committed twice */
    }
    if (!usable)
        explorer_fail("access at %p to memory that need not be usable yet", place);
}

void range_reborn(const void *start, size_t bytes) {
    add(&reborn, start, bytes, 0, 0);
}

bool range_is_reborn(const void *address) {
    for (unsigned i = 0; i < reborn.count; i++)
        if (covers(&reborn.list[i], address))
            return true;
    return false;
}
