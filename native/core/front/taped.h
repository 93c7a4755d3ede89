/* Calls while there is an observer: heap/observe.h. Each is called with the thread outside. */
#ifndef SS_TAPED_H
#define SS_TAPED_H

#include "heap/observe.h"

/* A function that allocates: the call that is noted, and what serves the requests that no bin could. */
typedef struct ss_malloc_kind {
    ss_call call;
    void *(*rest)(size_t size, ss_call call);
} ss_malloc_kind;

/* Frees the blocks that no bin could take. */
typedef void ss_rest_of_free(void *block, ss_call call);

/* Serve a small request from a bin, or push a block onto one, and write it on the thread's tape. Otherwise ss_free_taped
 * tells the observer; and they call what serves the rest. */
void *ss_malloc_taped(size_t size, const ss_malloc_kind *kind);
void ss_free_taped(void *block, ss_call call, ss_rest_of_free *rest);

/* Pops a block from a bin, and does not tell the observer; NULL if there is none. */
void *ss_pop_observed(size_t size);

#endif
