/* The knowledge of a thread, or of a message: for each location the oldest message that may still be read, and for each
 * thread the time up to which its actions have happened before. */
#ifndef EXPLORER_VIEW_H
#define EXPLORER_VIEW_H

#include "explorer.h"

enum { LOCATIONS_MAX = 800 };

typedef struct view {
    uint32_t clock[EXPLORER_THREADS_MAX];
    uint16_t locations; /* those beyond have seen 0 */
    uint16_t seen[LOCATIONS_MAX];
} view;

static inline uint16_t view_seen(const view *self, unsigned location) {
    return location < self->locations ? self->seen[location] : 0;
}

static inline void view_raise(view *self, unsigned location, uint16_t message) {
    while (self->locations <= location)
        self->seen[self->locations++] = 0;
    if (self->seen[location] < message)
        self->seen[location] = message;
}

static inline void view_join_seen(view *self, const view *other) {
    for (unsigned i = 0; i < other->locations; i++)
        view_raise(self, i, other->seen[i]);
}

static inline void view_join(view *self, const view *other) {
    view_join_seen(self, other);
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++)
        if (self->clock[i] < other->clock[i])
            self->clock[i] = other->clock[i];
}

static inline void view_clear(view *self) {
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++)
        self->clock[i] = 0;
    self->locations = 0;
}

static inline void view_copy(view *self, const view *other) {
    __builtin_memcpy(self, other, offsetof(view, seen) + other->locations * sizeof other->seen[0]);
}

#endif
