#include "space/figures.h"

#include "base/signal.h"

SS_COLD void ss_figures_publish_late(ss_space *space) {
    space->noted = space->used_granules;
    ss_signal_publish_late();
}

SS_COLD void ss_figures_compare(ss_space *space) {
    size_t used = space->used_granules, published = space->published;
    size_t apart = used > published ? used - published : published - used;
    /* In proportion to the space, because the walk through its slabs takes longer the more granules it has. */
    uint32_t few = SS_PUBLISH_FEW + 2 * space->granule_count;
    uint32_t many = SS_PUBLISH_MANY + 8 * space->granule_count;
    bool doubled = used > 2 * published;
    bool changed = space->changes >= few && apart >= published / 8;
    if (!doubled && !changed && space->changes < many) {
        space->compare_at = space->changes + few;
        return;
    }
    space->changes = 0;
    space->compare_at = few;
    space->published = used;
    ss_signal_publish();
}
