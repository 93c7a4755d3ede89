/* An isolate of a JavaScript engine with a window, in C: the hot paths of lib/window/blocks.ts. */
#ifndef TEST_ISOLATE_H
#define TEST_ISOLATE_H

#include "window/api.h"

#include <stdbool.h>

/* Memory for a window and its table, zero. */
typedef struct window_memory {
    char *base;
    uint8_t *live;
    size_t limit;
} window_memory;

window_memory window_map(size_t limit);
void window_unmap(window_memory *memory);

typedef struct isolate {
    ss_holder *holder;
    window_memory *memory;
    uint32_t magazines[SS_LIVE_CLASSES * SS_MAGAZINE_WORDS];
} isolate;

/* Joins with all of the memory usable; false when it is refused. */
bool isolate_join(isolate *self, window_memory *memory);
void isolate_leave(isolate *self);

#define ISOLATE_NONE UINT32_MAX

/* An offset, or ISOLATE_NONE when the window is full. */
uint32_t isolate_malloc(isolate *self, size_t size);
superslab_error isolate_free(isolate *self, uint32_t block);

/* isolate_free in two steps, so that other threads can act in between: reading the block's byte in the table, and the
 * rest. */
uint8_t isolate_kind(const isolate *self, uint32_t block);
superslab_error isolate_free_as(isolate *self, uint32_t block, uint8_t kind);

#endif
