/* The source of spaces other than malloc's: a higher layer, which registers itself. */
#ifndef SS_SOURCE_H
#define SS_SOURCE_H

#include "space/registry.h"
#include "superslab.h"

typedef void ss_space_visit(ss_space *space, void *context);

typedef struct ss_source {
    /* Calls `visit` for each of its spaces whose memory may be given back. A space stays while it is visited. */
    void (*visit)(ss_space_visit *visit, void *context);
    /* Adds the blocks in its caches, which its spaces count as live. */
    void (*add_cached)(superslab_stats *out);
    /* In the child of a fork: mends its own state. */
    void (*inherit)(void);
    /* Whether the calling thread holds a lock of the source, as it may in a signal handler. */
    bool (*is_mine)(void);
} ss_source;

/* Called by a constructor, with the sealed pages open. `source` must be constant. */
void ss_source_register(const ss_source *source);

/* NULL while there is none. */
const ss_source *ss_source_now(void);

/* The two functions of the source for fork, if there is one. */
void ss_source_inherit(void);
bool ss_source_is_mine(void);

/* Calls `visit` for each space whose memory may be given back: malloc's and the source's. */
void ss_each_space(ss_space_visit *visit, void *context);

#endif
