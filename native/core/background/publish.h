/* Publishes the statistics in a page that other processes may read. */
#ifndef SS_PUBLISH_H
#define SS_PUBLISH_H

#include "background/ranges.h"
#include "background/stats.h"

#define SS_PUBLICATION_NAME "superslab"
#define SS_PUBLICATION_MAGIC UINT32_C(0x424c5353) /* "SSLB" */
/* The version of ss_publication. Appending fields to superslab_stats does not change it. */
#define SS_PUBLICATION_LAYOUT 1u
/* Where the ranges begin, behind room for further statistics, and how many there may be. Versions that did not have them
 * left zeros there. */
#define SS_PUBLICATION_RANGES_OFFSET 1024u
#define SS_PUBLICATION_RANGES 126u

/* What the page holds; lib/publication.ts reads it. */
typedef struct ss_publication {
    uint32_t magic, layout;
    _Atomic uint32_t sequence; /* odd while the rest is being written */
    uint32_t process;     /* the writer's id; in a forked child the page is its parent's at first */
    uint64_t time;        /* nanoseconds since 1970 */
    uint32_t stats_count; /* counters in `stats` */
    char version[16];
    uint32_t hardened; /* SS_HARDENED; 0 from versions that do not have it */
    superslab_stats stats;
    _Alignas(SS_PUBLICATION_RANGES_OFFSET) uint32_t ranges_count;
    uint32_t unused;
    ss_range ranges[SS_PUBLICATION_RANGES];
} ss_publication;

typedef struct ss_published_data {
    ss_lock lock;       /* tried, never waited for */
    ss_stats_walk walk; /* of calls that publish in portions; under the lock */
    ss_os_page page;    /* start is NULL while there is none */
    uint32_t owner;     /* the process that made the page or was refused one; 0 before */
} ss_published_data;

extern ss_published_data ss_published_state SS_HIDDEN;
#define ss_published (&ss_published_state)

/* Brings the page up to date, and makes it if there is none. Returns at once if another thread is publishing. Called
 * with no lock held but park_lock, because the statistics take the locks of windows and spaces. */
void ss_publish(void);

/* The same at the end of a call of the API: visits a portion of the slabs. The rest is left to the scavenger, which
 * publishes within half a decay, or to the next calls where there is no scavenger. */
void ss_publish_by_call(void);

/* In the child of a fork: marks the page as due, because it is the parent's. */
void ss_publish_inherit(void);

/* In the child of a fork, after all other state is mended: makes the child's own page. */
void ss_publish_child(void);

#endif
