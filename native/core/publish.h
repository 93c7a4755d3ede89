/* The statistics as other processes may read them: a page that this one keeps up to date. */
#ifndef SS_PUBLISH_H
#define SS_PUBLISH_H

#include "space.h"

#define SS_PUBLICATION_NAME "superslab"
#define SS_PUBLICATION_MAGIC UINT32_C(0x424c5353) /* "SSLB" */
/* Counts changes of this structure; fields of superslab_stats may be appended without one. */
#define SS_PUBLICATION_LAYOUT 1u

/* What the page holds; lib/publication.ts reads it. */
typedef struct ss_publication {
    uint32_t magic, layout;
    _Atomic uint32_t sequence; /* odd while the rest is being written */
    uint32_t process;          /* by its own count: a forked child has its parent's page at first */
    uint64_t time;             /* nanoseconds since 1970 */
    uint32_t stats_count;      /* counters in `stats` */
    char version[16];
    superslab_stats stats;
} ss_publication;

/* Brings the page up to date, and makes it if there is none. Whoever is at it already is not waited for.
 * No lock but park_lock may be held: the statistics take those of the windows and the spaces. */
void ss_publish(void);

/* The same by a call of the API: looks at a portion of the slabs. The rest is left to the scavenger, which publishes
 * within half a decay, or to the next calls where there is none. */
void ss_publish_by_call(void);

/* In a child: the page is the parent's, so it is due. */
void ss_publish_inherit(void);

/* In a forked child, with all else mended: makes its own. */
void ss_publish_child(void);

/* With the space's lock held: whether the page is due again, which it is when what is used has doubled,
 * when it has changed by an eighth, and when much has come and gone. */
void ss_publish_look(ss_space *space);

/* With the space's lock held: the figures are to be published though the program may do no more. */
void ss_publish_later(ss_space *space);

/* Counts a span that was taken or released, with the space's lock held. Looks at once when what is used
 * has doubled, else now and then, so that each change bears a small share of looking through all slabs. */
static inline void ss_publish_count(ss_space *space) {
    const size_t apart = SS_PUBLISH_LATE_BYTES >> SS_GRANULE_SHIFT;
    if (SS_UNLIKELY(++space->changes >= space->look_after ||
                    space->used_granules > 2 * space->published))
        ss_publish_look(space);
    /* The program may do nothing from now on: then the scavenger tells. */
    if (SS_UNLIKELY(space->used_granules + apart - space->noted > 2 * apart))
        ss_publish_later(space);
}

/* After such a change, with no lock held. */
static inline void ss_publish_if_due(void) {
    /* Relaxed: the page is due, whatever else is seen. */
    if (SS_UNLIKELY(atomic_load_explicit(&ss_process_state.publish_due, memory_order_relaxed)))
        ss_publish_by_call();
}

#endif
