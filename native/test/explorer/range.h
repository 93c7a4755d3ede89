/* Ranges of addresses with a special state. Those of an execution are forgotten at its end. */
#ifndef EXPLORER_RANGE_H
#define EXPLORER_RANGE_H

#include "view.h"

void ranges_begin(void);

/* No access may touch them until they are committed again. */
void range_forbid(const void *start, size_t bytes);

/* Made usable by this thread at this time of its clock: a thread that accesses them must know that. */
void range_commit(const void *start, size_t bytes, unsigned thread, uint32_t clock);

/* The thread knows what the other one has committed up to this time, though it has read nothing that tells so: a commit is
 * a system call, which is over when its thread goes on, so a barrier on all threads tells of it. */
void range_known(unsigned thread, unsigned other, uint32_t clock);

void range_check(const void *address, const view *known, const void *place);

/* In setup, for all executions: a plain store of an atomic word there begins a new life of it, which threads that use
 * the word in its old life must not see. Every access of theirs must be ordered before the store. Otherwise C11 would
 * let a load of theirs read from it, which the executions explored here leave out. */
void range_reborn(const void *start, size_t bytes);
bool range_is_reborn(const void *address);

#endif
