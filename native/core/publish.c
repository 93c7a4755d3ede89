#include "publish.h"

#include "fork.h"
#include "scavenger.h"
#include "stats.h"

#include <string.h>

_Static_assert(sizeof(ss_publication) <= 4096, "it is read as one page");

static void publication_write(ss_publication *out, uint32_t process, const superslab_stats *stats) {
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
    out->stats_count = sizeof *stats / sizeof(uint64_t);
    strncpy(out->version, SUPERSLAB_VERSION, sizeof out->version - 1);
    out->stats = *stats;
    atomic_store_explicit(&out->sequence, sequence + 1, memory_order_release);
}

static void page_drop(void) {
    if (ss_process->page.start != NULL)
        ss_os_page_unshare(&ss_process->page);
    ss_process->page.start = NULL;
    ss_process->page_owner = 0;
}

/* With the lock held. */
static void publish(const superslab_stats *stats) {
    uint32_t process = ss_os_process_id();
    if (ss_process->page_owner != process) {
        page_drop();
        ss_process->page_owner = process;
        if (!ss_os_page_share(SS_PUBLICATION_NAME, &ss_process->page))
            ss_process->page.start = NULL; /* for good: what was refused once will be again */
    }
    if (ss_process->page.start != NULL)
        publication_write(ss_process->page.start, process, stats);
    ss_process->publish_walk = (ss_stats_walk){.place = 0};
}

/* Not in a child that shares the memory: it would take the parent's page away. */
static bool publish_begin(void) {
    if (!ss_process_is_own() || !ss_lock_try(&ss_process->publish_lock))
        return false;
    /* Before the statistics are taken: what changes while they are makes the page due again. */
    atomic_store_explicit(&ss_process->publish_due, false, memory_order_relaxed);
    atomic_store_explicit(&ss_process->publish_late, false, memory_order_relaxed);
    return true;
}

SS_COLD void ss_publish(void) {
    superslab_stats stats;
    if (!publish_begin())
        return;
    ss_stats_look(&stats); /* perhaps by the very thread that flushes: it will be due again */
    publish(&stats);
    ss_lock_release(&ss_process->publish_lock);
}

/* ---- by calls ---- */

static bool is_large(void) {
    size_t bytes = 0;
    for (unsigned kind = 0; kind < SS_SPACE_EXTERNAL; kind++)
        bytes += atomic_load_explicit(&ss_process->committed_bytes[kind], memory_order_relaxed);
    return bytes >> SS_GRANULE_SHIFT > SS_PUBLISH_PORTION;
}

/* The figures of a large process take longer than a call may. */
static void leave_to_scavenger(void) {
    atomic_store_explicit(&ss_process->publish_due, false, memory_order_relaxed);
    atomic_store_explicit(&ss_process->publish_late, true, memory_order_relaxed);
    /* Pairs with the one in `ended`: the thread sees this, or is seen to have ended. */
    atomic_thread_fence(memory_order_seq_cst);
    ss_scavenger_want(SS_SCAVENGER_START_BYTES);
}

SS_COLD void ss_publish_by_call(void) {
    const bool absent = ss_scavenger_is_absent();
    if (!absent && is_large()) {
        leave_to_scavenger();
        return;
    }
    if (!publish_begin())
        return;
    bool whole = ss_stats_go_on(&ss_process->publish_walk, SS_PUBLISH_PORTION);
    if (whole)
        publish(&ss_process->publish_walk.stats);
    else if (absent) /* the next call goes on */
        atomic_store_explicit(&ss_process->publish_due, true, memory_order_relaxed);
    ss_lock_release(&ss_process->publish_lock);
    if (!whole && !absent) /* many threads, or regions of the program's own */
        leave_to_scavenger();
}

void ss_publish_inherit(void) {
    ss_lock_inherit(&ss_process->publish_lock);
    if (!ss_lock_is_own(&ss_process->publish_lock))
        ss_process->publish_walk = (ss_stats_walk){.place = 0};
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
