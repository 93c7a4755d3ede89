#include "background/control.h"

#include "background/profiling.h"
#include "background/publish.h"
#include "profile/profile.h"

_Static_assert(offsetof(ss_publication, ranges) + SS_PUBLICATION_RANGES * sizeof(ss_range) <=
                   SS_CONTROL_OFFSET,
               "the answer is behind it");
_Static_assert(SS_CONTROL_OFFSET + sizeof(ss_control_answer) <= 4096, "and fits in the page");

/* Of the scavenger's thread alone, but for `session`, which a child of a fork has from its parent: it ends there. */
static int page_file = -1, written = -1;
static bool session;

void ss_control_begin(void) {
    page_file = written = -1;
}

static ss_os_page page; /* as it was at the last look */

static ss_control_answer *answer(void) {
    return (ss_control_answer *)(void *)((char *)page.start + SS_CONTROL_OFFSET);
}

/* False while there is no page, or another thread is at it. */
static bool page_see(void) {
    if (!ss_lock_try(&ss_published->lock))
        return false;
    const bool there =
        ss_published->page.start != NULL && ss_published->owner == ss_os_process_id();
    if (there)
        page = ss_published->page;
    ss_lock_release(&ss_published->lock);
    return there;
}

/* Relaxed but for the ticket: a process that sees this one sees the rest. */
static void answer_set(superslab_profile_error error) {
    atomic_store_explicit(&answer()->session, session, memory_order_relaxed);
    atomic_store_explicit(&answer()->error, (uint32_t)error, memory_order_relaxed);
}

static void written_drop(void) {
    if (written >= 0)
        ss_os_close(written);
    written = -1;
}

static void write_for(uint32_t ticket) {
    superslab_profile_error error = SUPERSLAB_PROFILE_NOT_WRITTEN;
    written_drop();
    written = ss_os_memory_file("superslab-profile");
    if (written >= 0)
        error = ss_profile_write(written);
    atomic_store_explicit(&answer()->thread, ss_os_thread_number(), memory_order_relaxed);
    atomic_store_explicit(&answer()->descriptor, (uint32_t)written, memory_order_relaxed);
    answer_set(error);
    /* Release: the other process reads it first. */
    atomic_store_explicit(&answer()->ticket, ticket, memory_order_release);
}

static void session_begin(size_t mean) {
    const superslab_profile_error error = ss_profiling_start(mean);
    session = error == SUPERSLAB_PROFILE_OK;
    answer_set(error);
}

static void session_end(void) {
    ss_profiling_stop();
    session = false;
}

bool ss_control_poll(void) {
    uint64_t at = 0, count = 0;
    if (!page_see())
        return session;
    if (page_file < 0 && (page_file = ss_os_page_open(&page)) < 0)
        return session;
    atomic_store_explicit(&answer()->version, 1, memory_order_relaxed);
    const bool run = ss_os_page_locked(page_file, SS_CONTROL_RUN, SS_CONTROL_WRITE, &at, &count);
    /* A start that was refused is not tried again for the same lock. */
    static bool refused;
    refused = refused && run;
    if (run && !session && !refused) {
        session_begin((size_t)count);
        refused = !session;
    }
    if (!run && session) {
        session_end();
        answer_set(SUPERSLAB_PROFILE_OK);
    }
    const bool write = ss_os_page_locked(page_file, SS_CONTROL_WRITE, SS_CONTROL_END, &at, &count);
    const uint32_t ticket = (uint32_t)(at - SS_CONTROL_WRITE);
    if (write && ticket != atomic_load_explicit(&answer()->ticket, memory_order_relaxed))
        write_for(ticket);
    if (!run && !write)
        written_drop();
    return run || write;
}
