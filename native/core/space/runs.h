/* The free runs of a space, all with its lock held. */
#ifndef SS_RUNS_H
#define SS_RUNS_H

#include "space/space.h"

#define SS_NO_SPAN UINT32_MAX

/* The shortest run that has `count` granules, or one about as short: a dirty one if there is any, since
 * memory that is there already costs neither a fault nor, later, a purge. Its first granule, or
 * SS_NO_SPAN. */
uint32_t ss_run_find(const ss_space *space, uint32_t count);

/* The same among the dirty runs alone. */
uint32_t ss_run_find_dirty(const ss_space *space, uint32_t count);

/* Takes the `count` granules from `at` on out of the run that starts at `run`; what is left on either side
 * keeps the run's age. How many of them were dirty. */
uint32_t ss_run_take(ss_space *space, uint32_t run, uint32_t at, uint32_t count);

/* Makes granules free, joined with the runs before and behind. */
void ss_run_join(ss_space *space, uint32_t first, uint32_t count, ss_run_kind kind);

/* In a child: there are no runs, whatever nodes and lists say. */
void ss_runs_forget(ss_space *space);

/* The length of the run that starts or ends at a granule, 0 if none does. */
static inline uint32_t ss_run_length(const ss_space *space, uint32_t granule) {
    return space->granules[granule].length;
}

/* How many of the granules are free and dirty. */
uint32_t ss_run_dirty(const ss_space *space, uint32_t first, uint32_t count);

/* Dirty granules in a row, of one run. */
typedef struct ss_dirty_part {
    uint32_t run, first, count;
} ss_dirty_part;

/* The highest that are dirty, at most `most`. There are some. */
ss_dirty_part ss_run_highest(ss_space *space, uint32_t most);

/* The lowest of a dirty run, at most `most`. */
ss_dirty_part ss_run_lowest(const ss_space *space, uint32_t run, uint32_t most);

/* The part of a SuperSlab's mask for the granules from `at` to `end`, and how many that are. */
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
