#include "race.h"

/* Which kinds of earlier accesses a kind conflicts with. */
static const bool conflicts[4][4] = {
    [CELL_READ] = {[CELL_WRITE] = true, [CELL_ATOMIC_WRITE] = true},
    [CELL_WRITE] = {true, true, true, true},
    [CELL_ATOMIC_READ] = {[CELL_WRITE] = true, [CELL_ATOMIC_WRITE] = true},
    [CELL_ATOMIC_WRITE] = {true, true, true, true},
};

static bool is_atomic(cell_access access) {
    return access == CELL_ATOMIC_READ || access == CELL_ATOMIC_WRITE;
}

static const char *const names[] = {"a plain read", "a plain write", "an atomic read",
                                    "an atomic write"};

void race_check(cell *self, cell_access access, const view *known, const void *place) {
    const unsigned thread = explorer_thread();
    for (unsigned kind = 0; kind < 4; kind++)
        for (unsigned other = 0; other < EXPLORER_THREADS_MAX; other++) {
            if (other == thread || !conflicts[access][kind] ||
                self->last[kind][other] <= known->clock[other])
                continue;
            if (!is_atomic(access) || !is_atomic(kind))
                explorer_fail("%s by thread %u at %p races with %s by thread %u", names[access],
                              thread, place, names[kind], other);
            if (!self->shared)
                cell_share(self);
        }
    self->last[access][thread] = known->clock[thread];
}

/* The kind of an access by another thread that is not known to come before, and that thread; false if there is none. */
static bool unknown_access(const cell *self, const view *known, unsigned *kind, unsigned *other) {
    for (*kind = 0; *kind < 4; ++*kind)
        for (*other = 0; *other < EXPLORER_THREADS_MAX; ++*other)
            if (*other != explorer_thread() && self->last[*kind][*other] > known->clock[*other])
                return true;
    return false;
}

void race_check_alone(const cell *self, const view *known, const void *place) {
    unsigned kind, other;
    if (unknown_access(self, known, &kind, &other))
        explorer_fail("a new life's write by thread %u at %p races with %s by thread %u",
                      explorer_thread(), place, names[kind], other);
}

static void check_gone(const cell *self, const void *known) {
    unsigned kind, other;
    if (unknown_access(self, known, &kind, &other))
        explorer_fail("thread %u gives memory back, which races with %s by thread %u",
                      explorer_thread(), names[kind], other);
}

void race_check_gone(const void *start, size_t bytes, const view *known) {
    cells_each(start, bytes, check_gone, known);
}
