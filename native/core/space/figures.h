/* When the figures that the process publishes are due again, by what is used of a space. */
#ifndef SS_FIGURES_H
#define SS_FIGURES_H

#include "space/space.h"

/* With the space's lock held: whether the figures are due again, which they are when what is used has doubled, when it
 * has changed by an eighth, and when much has come and gone. */
void ss_figures_compare(ss_space *space);

/* With the space's lock held: the figures are to be published though the program may do no more. */
void ss_figures_publish_late(ss_space *space);

/* Counts a span that was taken or released, with the space's lock held. Compares at once when what is used
 * has doubled, else now and then, so that each change bears a small share of looking through all slabs. */
static inline void ss_figures_count(ss_space *space) {
    const size_t apart = SS_PUBLISH_LATE_BYTES >> SS_GRANULE_SHIFT;
    if (SS_UNLIKELY(++space->changes >= space->compare_at ||
                    space->used_granules > 2 * space->published))
        ss_figures_compare(space);
    /* The program may do nothing from now on: then the scavenger publishes. */
    if (SS_UNLIKELY(space->used_granules + apart - space->noted > 2 * apart))
        ss_figures_publish_late(space);
}

#endif
