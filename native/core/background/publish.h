/* The statistics as other processes may read them: a page that this one keeps up to date. */
#ifndef SS_PUBLISH_H
#define SS_PUBLISH_H

#include "background/stats.h"

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

typedef struct ss_published_data {
    ss_lock lock;       /* tried, never waited for */
    ss_stats_walk walk; /* of the calls that publish where there is no scavenger: under that lock */
    ss_os_page page;    /* start is NULL while there is none */
    uint32_t owner;     /* the process that made the page or was refused it; 0 before */
} ss_published_data;

extern ss_published_data ss_published_state SS_HIDDEN;
#define ss_published (&ss_published_state)

/* Brings the page up to date, and makes it if there is none. A thread that is at it already is not waited for.
 * No lock but park_lock may be held: the statistics take those of the windows and the spaces. */
void ss_publish(void);

/* The same by a call of the API: looks at a portion of the slabs. The rest is left to the scavenger, which publishes
 * within half a decay, or to the next calls where there is none. */
void ss_publish_by_call(void);

/* In a child: the page is the parent's, so it is due. */
void ss_publish_inherit(void);

/* In a forked child, with all else mended: makes its own. */
void ss_publish_child(void);

#endif
