/* Guarded blocks, as the functions of the API meet them. Called with the thread outside. */
#ifndef SS_GUARDED_H
#define SS_GUARDED_H

#include "guard/places.h"

/* A guarded block, if this call of the thread is to have one; NULL otherwise. Called at the beginning of a cold path of an
 * allocation, while blocks are guarded. */
void *ss_guarded_malloc(size_t size, size_t alignment);

/* Frees a pointer into the pages of guarded blocks, or reports why it cannot. */
void ss_guarded_free(void *block);

#endif
