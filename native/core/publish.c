#include "publish.h"

#include "fork.h"
#include "scavenger.h"
#include "stats.h"

#include <string.h>

_Static_assert(sizeof(ss_publication) <= 4096, "it is read as one page");

static void publication_write(ss_publication *out, uint32_t process) {
    superslab_stats stats;
    ss_stats_look(&stats); /* perhaps by the very thread that flushes: it will be due again */
    uint32_t sequence = atomic_load_explicit(&out->sequence, memory_order_relaxed) + 1;
    /* The reader is another process, which reads the sequence before and after the rest: odd, or changed
     * in between, means again. The fence keeps what follows behind the odd number, the release before the
     * even one. */
    atomic_store_explicit(&out->sequence, sequence, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    out->magic = SS_PUBLICATION_MAGIC;
    out->layout = SS_PUBLICATION_LAYOUT;
    out->process = process;
    out->time = ss_os_time_nanoseconds();
    out->stats_count = sizeof stats / sizeof(uint64_t);
    strncpy(out->version, SUPERSLAB_VERSION, sizeof out->version - 1);
    out->stats = stats;
    atomic_store_explicit(&out->sequence, sequence + 1, memory_order_release);
}

static void page_drop(void) {
    if (ss_process->page.start != NULL)
        ss_os_page_unshare(&ss_process->page);
    ss_process->page.start = NULL;
    ss_process->page_owner = 0;
}

SS_COLD void ss_publish(void) {
    /* Or it would take the parent's page away, whose memory it shares. */
    if (!ss_process_is_own() || !ss_lock_try(&ss_process->publish_lock))
        return;
    /* Before the statistics are taken: what changes while they are makes the page due again. */
    atomic_store_explicit(&ss_process->publish_due, false, memory_order_relaxed);
    atomic_store_explicit(&ss_process->publish_late, false, memory_order_relaxed);
    uint32_t process = ss_os_process_id();
    if (ss_process->page_owner != process) {
        page_drop();
        ss_process->page_owner = process;
        if (!ss_os_page_share(SS_PUBLICATION_NAME, &ss_process->page))
            ss_process->page.start = NULL; /* for good: what was refused once will be again */
    }
    if (ss_process->page.start != NULL)
        publication_write(ss_process->page.start, process);
    ss_lock_release(&ss_process->publish_lock);
}

void ss_publish_inherit(void) {
    ss_lock_inherit(&ss_process->publish_lock);
    if (ss_process->page.start == NULL)
        return;
    /* This thread may be in the middle of writing to the page, which is the parent's: it goes on in memory of its
     * own. */
    if (ss_lock_is_own(&ss_process->publish_lock))
        ss_os_renew(ss_process->page.start, ss_os_page_bytes());
    atomic_store_explicit(&ss_process->publish_due, true, memory_order_relaxed);
}

void ss_publish_child(void) {
    if (ss_process->page_owner != 0)
        ss_publish();
}

/* ---- when ---- */

SS_COLD void ss_publish_later(ss_space *space) {
    space->noted = space->used_granules;
    /* Relaxed: the statistics that follow take this space's lock. */
    atomic_store_explicit(&ss_process->publish_late, true, memory_order_relaxed);
    ss_scavenger_want(SS_SCAVENGER_START_BYTES);
}

SS_COLD void ss_publish_look(ss_space *space) {
    size_t used = space->used_granules, published = space->published;
    size_t apart = used > published ? used - published : published - used;
    /* Looking through the slabs takes longer the more granules there are. */
    uint32_t few = SS_PUBLISH_FEW + 2 * space->granule_count;
    uint32_t many = SS_PUBLISH_MANY + 8 * space->granule_count;
    bool doubled = used > 2 * published;
    bool changed = space->changes >= few && apart >= published / 8;
    if (!doubled && !changed && space->changes < many) {
        space->look_after = space->changes + few;
        return;
    }
    space->changes = 0;
    space->look_after = few;
    space->published = used;
    atomic_store_explicit(&ss_process->publish_due, true, memory_order_relaxed);
}
