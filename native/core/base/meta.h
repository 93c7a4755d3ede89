/* Memory for the allocator's own state outside of spaces: heaps and the slots of their bins. It is
 * never given back, but blocks of it are reused. */
#ifndef SS_META_H
#define SS_META_H

#include "base/types.h"

/* A zeroed, cache-line aligned block of at least `bytes`, or NULL. */
void *ss_meta_take(size_t bytes);
/* `bytes` as it was taken. */
void ss_meta_give(void *block, size_t bytes);

/* In a child: where a thread that is gone was making room, another chunk is begun. */
void ss_meta_inherit(void);
/* Whether the calling thread is inside, as a signal's handler may find it. */
bool ss_meta_is_mine(void);

/* Makes the first `bytes` of an array usable whose frontier is *ready. Safe to race. */
bool ss_meta_ensure(void *array, _Atomic size_t *ready, size_t bytes);
/* The same for the `bytes` before `end`. */
bool ss_meta_ensure_below(void *end, _Atomic size_t *ready, size_t bytes);

#endif
