/* The statistics at rest: exact, and consistent with each other. */
#ifndef TEST_STATS_H
#define TEST_STATS_H

#include "superslab.h"

superslab_stats stats_now(void);

/* As stats_now, once the calling thread has a heap of its own. */
superslab_stats stats_start(void);

/* Every byte of a slab is live, cached or free; every byte of a span is live. */
void stats_check_consistent(const superslab_stats *stats);

/* As many blocks and bytes are live as `before` plus these; consistent. */
void stats_check_live(const superslab_stats *before, uint64_t blocks, uint64_t bytes);

/* Nothing more and nothing less is live than before. */
void stats_check_returned(const superslab_stats *before);

#endif
