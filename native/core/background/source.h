/* Where spaces come from that are not malloc's: a higher layer, which registers itself. */
#ifndef SS_SOURCE_H
#define SS_SOURCE_H

#include "space/space.h"
#include "superslab.h"

typedef void ss_space_visit(ss_space *space, void *context);

typedef struct ss_source {
    /* Each of its spaces whose memory may be given back; a space stays while it is visited. */
    void (*visit)(ss_space_visit *visit, void *context);
    /* Adds what its caches hold, which counts as live in its spaces. */
    void (*add_cached)(superslab_stats *out);
    /* In a forked child. */
    void (*inherit)(void);
    /* Whether the calling thread is inside, as a signal's handler may find it. */
    bool (*is_mine)(void);
} ss_source;

/* By a constructor, with the sealed pages open. `source` is constant. */
void ss_source_register(const ss_source *source);

/* NULL while there is none. */
const ss_source *ss_source_now(void);

/* Each space whose memory may be given back: malloc's, and the source's. */
void ss_each_space(ss_space_visit *visit, void *context);

#endif
