/* Hardened: memory is opened span by span, and guards stand between spans.
 *
 * In the default build the memory of a space becomes accessible in SuperSlabs, ahead of need. Here a granule becomes
 * accessible (is opened) when it first becomes part of a span that is handed out. So what was never used faults, and that
 * is most of what lies behind the blocks of a small process.
 *
 * A guard is an inaccessible granule behind a span: it is taken with the span and given back with it, and has no entry
 * in the registry. Each guard makes two mappings, and a process may have 65,530; so there are SS_GUARD_MOST guards at
 * most. Spans beyond that have none, and neighbours without a guard between them are one mapping. If the system refuses
 * to close a granule, or to open one beside a closed one, the guard stays open.
 *
 * Masks of the SuperSlab say which granules are open and which are guards. */
#ifndef SS_GUARD_H
#define SS_GUARD_H

#include "space/runs.h"

/* Whether the space's memory is opened span by span. */
static inline bool ss_guard_opens(const ss_space *space) {
    return SS_HARDENED != 0 && !ss_space_is_external(space);
}

/* The number of guards that a new slab, or a new large block, gets: 0 or 1. */
uint32_t ss_guard_wanted(const ss_space *space);
uint32_t ss_guard_wanted_large(const ss_space *space);

/* ---- with the space's lock held ---- */

/* Whether all of the granules are open. */
bool ss_guard_is_open(const ss_space *space, uint32_t first, uint32_t count);

/* Notes that a granule, just taken, is a guard: it is neither used nor charged for. */
void ss_guard_set(ss_space *space, uint32_t granule);

/* Whether the granule is a guard. */
bool ss_guard_is(const ss_space *space, uint32_t granule);

/* Makes the granule behind a span free if it is a guard. */
void ss_guard_end(ss_space *space, uint32_t granule);

/* Notes that the granule is no guard, and leaves the runs as they are: they are rebuilt. False if it was none. */
bool ss_guard_forget(ss_space *space, uint32_t granule);

/* Notes that granules were decommitted. */
void ss_guard_closed(ss_space *space, uint32_t first, uint32_t count);

/* ---- without the lock ---- */

/* Opens a span that the caller has, and closes the `guards` granules behind it. False if the system refuses. */
bool ss_guard_open(ss_space *space, uint32_t first, uint32_t count, uint32_t guards);

#endif
