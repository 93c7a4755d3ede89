/* What a fork asks of the allocator, and what a child that is a copy makes of what it inherits; fork.c. */
#ifndef SS_FORK_H
#define SS_FORK_H

/* Registers the handlers of fork, once. */
void ss_fork_handle(void);

/* With the sealed pages open: names the function that mends a copy in which no handler of fork has run. */
void ss_fork_set_mender(void);

/* By a constructor: before there are threads, so that no fork comes between another thread's first call and this, and
 * before a child that shares this memory may initialise it. */
void ss_fork_begin(void);

#endif
