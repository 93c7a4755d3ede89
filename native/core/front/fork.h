/* The handlers of fork, and the mending of a copy: fork.c. */
#ifndef SS_FORK_H
#define SS_FORK_H

/* Registers the handlers of fork, once. */
void ss_fork_handle(void);

/* Sets the function that mends a copy in which no handler of fork has run. Called with the sealed pages open. */
void ss_fork_set_mender(void);

/* Called by a constructor, before there are other threads: so that no fork comes between another thread's first call
 * and this one, and no child that shares this memory initialises it first. */
void ss_fork_begin(void);

#endif
