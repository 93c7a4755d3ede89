/* The free runs of a space. All functions are called with the space's lock held. */
#ifndef SS_RUNS_H
#define SS_RUNS_H

#include "space/space.h"

#define SS_NO_SPAN UINT32_MAX

_Static_assert(SS_CACHE_LINE % sizeof(ss_granule) == 0, "no node lies on two cache lines");

/* The first granule of the shortest run with at least `count` granules, or of one about as short; SS_NO_SPAN if there
 * is none. Dirty runs come first, because they cost neither a page fault now nor a purge later. */
uint32_t ss_run_find(const ss_space *space, uint32_t count);

/* The same among the dirty runs alone, or among the clean ones. */
uint32_t ss_run_find_dirty(const ss_space *space, uint32_t count);
uint32_t ss_run_find_clean(const ss_space *space, uint32_t count);

/* Takes the `count` granules from `at` on out of the run that starts at `run`. What is left on either side keeps the
 * run's age. Returns how many of the granules were dirty. */
uint32_t ss_run_take(ss_space *space, uint32_t run, uint32_t at, uint32_t count);

/* Makes granules free, dirty or clean as `kind` says, and joins them with the runs before and after. */
void ss_run_join(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind);

/* In the child of a fork: removes all runs, whose nodes and lists may be in the middle of a change. */
void ss_runs_forget(ss_space *space);

/* The length of the run that starts or ends at a granule, 0 if none does. */
static inline uint32_t ss_run_length(const ss_space *space, uint32_t granule) {
    return space->granules[granule].length;
}

/* How many of the granules are free and dirty. */
uint32_t ss_run_dirty(const ss_space *space, uint32_t first, uint32_t count);

/* A row of dirty granules within one run. */
typedef struct ss_dirty_part {
    uint32_t run, first, count;
} ss_dirty_part;

/* The highest dirty granules of the space, at most `most`. It must have some. Their number is 0 if they lie so low that
 * another call must go on. */
ss_dirty_part ss_run_highest(ss_space *space, uint32_t most);

/* The lowest dirty granules of a dirty run, at most `most`. */
ss_dirty_part ss_run_lowest(const ss_space *space, uint32_t run, uint32_t most);

/* The bits of a SuperSlab's mask for the granules from `at` to `end` or the end of the SuperSlab; *step is their
 * number. */
static inline uint32_t ss_superslab_mask(uint32_t at, uint32_t end, uint32_t *step) {
    uint32_t in = at % SS_SUPERSLAB_GRANULES, room = SS_SUPERSLAB_GRANULES - in;
    *step = end - at < room ? end - at : room;
    return (uint32_t)((UINT64_C(1) << *step) - 1) << in;
}

/* A mask of the granule's SuperSlab. */
static inline uint32_t *ss_mask_of(const ss_space *space, uint32_t granule, ss_mask mask) {
    return &space->granules[(granule & ~(SS_SUPERSLAB_GRANULES - 1)) + mask].mask;
}

#endif
