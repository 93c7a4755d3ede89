/* Tells when the published figures are due again, by how much of a space is used. */
#ifndef SS_FIGURES_H
#define SS_FIGURES_H

#include "space/space.h"

/* Called with the space's lock held: makes the figures due (ss_signal_publish) if used_granules has doubled or changed
 * by an eighth since they were published, or after many changes (figures.c). */
void ss_figures_compare(ss_space *space);

/* Called with the space's lock held: has the scavenger publish, in case the program makes no further call. */
void ss_figures_publish_late(ss_space *space);

/* Counts a span that was taken or released, with the space's lock held. Compares at once if used_granules has doubled,
 * else after a number of changes, so that each change bears a small share of the walk through all slabs. */
static inline void ss_figures_count(ss_space *space) {
    const size_t apart = SS_PUBLISH_LATE_BYTES >> SS_GRANULE_SHIFT;
    if (SS_UNLIKELY(++space->changes >= space->compare_at ||
                    space->used_granules > 2 * space->published))
        ss_figures_compare(space);
    /* A change by more than SS_PUBLISH_LATE_BYTES, up or down: the program may make no further call. */
    if (SS_UNLIKELY(space->used_granules + apart - space->noted > 2 * apart))
        ss_figures_publish_late(space);
}

#endif
