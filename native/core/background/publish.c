#include "background/publish.h"

#include "base/copy.h"
#include "base/signal.h"

#include <string.h>

ss_published_data ss_published_state;

_Static_assert(sizeof(ss_publication) <= 4096, "it is read as one page");

static void publication_write(ss_publication *out, uint32_t process, const superslab_stats *stats) {
    uint32_t sequence = atomic_load_explicit(&out->sequence, memory_order_relaxed) + 1;
    /* A sequence lock. The reader, another process, reads the sequence before and after the rest, and reads again if it
     * was odd or has changed. The fence keeps the stores to the page after the odd number, the release store keeps them
     * before the even one. */
    atomic_store_explicit(&out->sequence, sequence, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    out->magic = SS_PUBLICATION_MAGIC;
    out->layout = SS_PUBLICATION_LAYOUT;
    out->process = process;
    out->time = ss_os_time_nanoseconds();
    out->stats_count = sizeof *stats / sizeof(uint64_t);
    strncpy(out->version, SUPERSLAB_VERSION, sizeof out->version - 1);
    if (SS_HARDENED != 0) /* the page begins as zeros */
        out->hardened = SS_HARDENED;
    out->stats = *stats;
    out->ranges_count = ss_ranges_list(out->ranges, SS_PUBLICATION_RANGES);
    atomic_store_explicit(&out->sequence, sequence + 1, memory_order_release);
}

static void page_drop(void) {
    if (ss_published->page.start != NULL)
        ss_os_page_unshare(&ss_published->page);
    ss_published->page.start = NULL;
    ss_published->owner = 0;
}

/* With the lock held. */
static void publish(const superslab_stats *stats) {
    uint32_t process = ss_os_process_id();
    if (ss_published->owner != process) {
        page_drop();
        ss_published->owner = process;
        if (!ss_os_page_share(SS_PUBLICATION_NAME, &ss_published->page))
            ss_published->page.start = NULL; /* not tried again: it would be refused again */
    }
    if (ss_published->page.start != NULL)
        publication_write(ss_published->page.start, process, stats);
    ss_published->walk = (ss_stats_walk){.place = 0};
}

/* False if another thread is publishing, and in a child that shares the memory: it would drop the parent's page. */
static bool publish_begin(void) {
    if (!ss_process_is_original() || !ss_lock_try(&ss_published->lock))
        return false;
    /* Cleared before the statistics are taken, so that a change made meanwhile makes the page due again. */
    atomic_fetch_and_explicit(&ss_signals->attention, ~SS_ATTENTION_PUBLISH, memory_order_relaxed);
    atomic_store_explicit(&ss_signals->publish_late, false, memory_order_relaxed);
    return true;
}

SS_COLD void ss_publish(void) {
    superslab_stats stats;
    if (!publish_begin())
        return;
    /* Not repeated if it fails: this thread may itself be inside the flush that disturbs it, and the page is then due
     * again. */
    ss_stats_take(&stats);
    publish(&stats);
    ss_lock_release(&ss_published->lock);
}

/* ---- by calls ---- */

static bool is_large(void) {
    return ss_committed_all() >> SS_GRANULE_SHIFT > SS_PUBLISH_PORTION;
}

/* Has the scavenger publish: the figures of a large process take longer than a call may. */
static void leave_to_scavenger(void) {
    atomic_fetch_and_explicit(&ss_signals->attention, ~SS_ATTENTION_PUBLISH, memory_order_relaxed);
    atomic_store_explicit(&ss_signals->publish_late, true, memory_order_relaxed);
    /* Pairs with the fence in `ended` of scavenger.c: the scavenger sees publish_late, or this thread sees that the
     * scavenger has ended. */
    atomic_thread_fence(memory_order_seq_cst);
    ss_signal_want(SS_SCAVENGER_START_BYTES);
}

SS_COLD void ss_publish_by_call(void) {
    const bool absent = ss_signal_is_unheard();
    if (!absent && is_large()) {
        leave_to_scavenger();
        return;
    }
    if (!publish_begin())
        return;
    bool whole = ss_stats_continue(&ss_published->walk, SS_PUBLISH_PORTION);
    if (whole)
        publish(&ss_published->walk.stats);
    else if (absent) /* the next call continues */
        ss_signal_publish();
    ss_lock_release(&ss_published->lock);
    if (!whole && !absent) /* a process with many threads or large regions */
        leave_to_scavenger();
}

void ss_publish_inherit(void) {
    ss_lock_inherit(&ss_published->lock);
    if (!ss_lock_is_mine(&ss_published->lock))
        ss_published->walk = (ss_stats_walk){.place = 0};
    if (ss_published->page.start == NULL)
        return;
    /* A signal handler may have interrupted this thread while it wrote to the page, which is the parent's. Private
     * memory takes the page's place, and the interrupted write continues there. */
    if (ss_lock_is_mine(&ss_published->lock))
        ss_os_renew(ss_published->page.start, ss_os_page_bytes());
    ss_signal_publish();
}

void ss_publish_child(void) {
    if (ss_published->owner != 0)
        ss_publish();
}
