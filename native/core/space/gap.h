/* Hardened: memory is opened span by span, and gaps stand between spans.
 *
 * In the default build the memory of a space becomes accessible in SuperSlabs, ahead of need. Here a granule becomes
 * accessible (is opened) when it first becomes part of a span that is handed out. So what was never used faults, and that
 * is most of what lies behind the blocks of a small process.
 *
 * A gap is an inaccessible granule behind a span: it is taken with the span and given back with it, and has no entry
 * in the registry. Each gap makes two mappings, and a process may have 65,530; so there are SS_GAP_MOST gaps at
 * most. Spans beyond that have none, and neighbours without a gap between them are one mapping. If the system refuses
 * to close a granule, or to open one beside a closed one, the gap stays open.
 *
 * Masks of the SuperSlab say which granules are open and which are gaps. */
#ifndef SS_GAP_H
#define SS_GAP_H

#include "space/runs.h"

/* Whether the space's memory is opened span by span. */
static inline bool ss_gap_opens(const ss_space *space) {
    return SS_HARDENED != 0 && !ss_space_is_external(space);
}

/* The number of gaps that a new slab, or a new large block, gets: 0 or 1. */
uint32_t ss_gap_wanted(const ss_space *space);
uint32_t ss_gap_wanted_large(const ss_space *space);

/* ---- with the space's lock held ---- */

/* Whether all of the granules are open. */
bool ss_gap_is_open(const ss_space *space, uint32_t first, uint32_t count);

/* Notes that a granule, just taken, is a gap: it is neither used nor charged for. */
void ss_gap_set(ss_space *space, uint32_t granule);

/* Whether the granule is a gap. */
bool ss_gap_is(const ss_space *space, uint32_t granule);

/* Makes the granule behind a span free if it is a gap. */
void ss_gap_end(ss_space *space, uint32_t granule);

/* Notes that the granule is no gap, and leaves the runs as they are: they are rebuilt. False if it was none. */
bool ss_gap_forget(ss_space *space, uint32_t granule);

/* Notes that granules were committed, or decommitted. */
void ss_gap_opened(ss_space *space, uint32_t first, uint32_t count);
void ss_gap_closed(ss_space *space, uint32_t first, uint32_t count);

/* ---- without the lock ---- */

/* Opens a span that the caller has, and closes the `gaps` granules behind it. False if the system refuses. */
bool ss_gap_open(ss_space *space, uint32_t first, uint32_t count, uint32_t gaps);

/* Gives the memory of a span that the caller has back, and makes it inaccessible. */
void ss_gap_shut(ss_space *space, uint32_t first, uint32_t count);

#endif
