/* The start and the end of a profile. Each thread's heap is told by the protocol of parking where the thread is outside
 * the allocator; a thread that is inside stays closed, and its next call sees to it: count.h. */
#include "profile/profile.h"

#include "background/park.h"
#include "base/report.h"
#include "front/counted.h"
#include "front/init.h"
#include "front/lifecycle.h"
#include "heap/count.h"

#define ROUNDS 64u

typedef struct settling {
    ss_faults faults;
} settling;

/* For a heap whose thread is parked. */
static void settle(ss_heap *heap, void *context) {
    settling *one = context;
    ss_heap_flushing_begin(heap);
    ss_count_set_parked(heap, &one->faults);
    ss_heap_flushing_end(heap);
}

static void settle_own(ss_faults *faults) {
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self);
    ss_heap *heap = self->assigned == NULL ? NULL : ss_thread_heap(&self);
    if (heap != NULL)
        ss_count_settle(heap, faults);
    ss_thread_leave(self);
}

/* Has all heaps count, or no longer. Threads that stay inside are asked a few times, then left to see to it themselves. */
static void settle_all(void) {
    settling all = {.faults = {.count = 0}};
    settle_own(&all.faults);
    for (unsigned round = 0; round < ROUNDS && ss_count_any_late(); round++) {
        if (round != 0)
            ss_os_nap();
        if (!ss_park_and_read(settle, &all)) {
            ss_count_close_late();
            break;
        }
    }
    ss_report_faults(&all.faults);
}

SUPERSLAB_EXPORT superslab_profile_error superslab_profile_start(size_t mean) {
    ss_process_init();
    if (ss_is_observed())
        return SUPERSLAB_PROFILE_RECORDED;
    const superslab_profile_error error = ss_profile_begin(mean);
    if (error != SUPERSLAB_PROFILE_OK)
        return error;
    atomic_fetch_or_explicit(&ss_process->heaps.watched, SS_WATCHED_BY_PROFILE,
                             memory_order_relaxed);
    settle_all();
    return SUPERSLAB_PROFILE_OK;
}

SUPERSLAB_EXPORT superslab_profile_error superslab_profile_stop(void) {
    if (!ss_profile_is_running())
        return SUPERSLAB_PROFILE_NOT_RUNNING;
    ss_profile_end();
    atomic_fetch_and_explicit(&ss_process->heaps.watched, ~SS_WATCHED_BY_PROFILE,
                              memory_order_relaxed);
    settle_all();
    return SUPERSLAB_PROFILE_OK;
}

SUPERSLAB_EXPORT int superslab_profile_is_running(void) {
    return ss_profile_is_running();
}

SUPERSLAB_EXPORT superslab_profile_error superslab_profile_write(int descriptor) {
    ss_counted_sift();
    return ss_profile_write(descriptor);
}

SUPERSLAB_EXPORT uint32_t superslab_profile_label(const char *text) {
    return ss_profile_label(text);
}

SUPERSLAB_EXPORT uint32_t superslab_profile_set_label(uint32_t label) {
    ss_process_init();
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self);
    ss_heap *heap = ss_thread_heap(&self);
    const uint32_t before = heap != NULL ? ss_count_set_label(heap, label) : 0;
    ss_thread_leave(self);
    return before;
}

SUPERSLAB_EXPORT const char *superslab_profile_error_name(superslab_profile_error error) {
    static const char *const names[] = {
        [SUPERSLAB_PROFILE_OK] = "ok",
        [SUPERSLAB_PROFILE_UNAVAILABLE] = "not available on this system",
        [SUPERSLAB_PROFILE_RUNNING] = "already running",
        [SUPERSLAB_PROFILE_NOT_RUNNING] = "not running",
        [SUPERSLAB_PROFILE_RECORDED] = "the process is recorded",
        [SUPERSLAB_PROFILE_INVALID] = "invalid mean",
        [SUPERSLAB_PROFILE_NO_MEMORY] = "no memory",
        [SUPERSLAB_PROFILE_NOT_WRITTEN] = "not written",
        [SUPERSLAB_PROFILE_BUSY] = "busy",
    };
    return (unsigned)error < sizeof names / sizeof *names ? names[error] : "unknown";
}
