#include "background/profiling.h"

#include "background/park.h"
#include "heap/count.h"
#include "profile/profile.h"

/* Rounds of parking, 0.1 ms apart, after which threads that stay inside are left to see to it themselves. */
#define ROUNDS 64u

/* For a heap whose thread is parked. */
static void settle(ss_heap *heap, void *context) {
    (void)context;
    ss_heap_flushing_begin(heap);
    ss_count_set_parked(heap);
    ss_heap_flushing_end(heap);
}

/* Where the system has no barrier: closes threads, whose next calls then see to it. */
static void close_all(void) {
    for (ss_heap *heap = ss_heap_first(); heap != NULL; heap = ss_heap_next(heap))
        if (ss_heap_park_begin(heap))
            ss_heap_park_end(heap);
}

static bool any_late(void) {
    for (ss_heap *heap = ss_heap_first(); heap != NULL; heap = ss_heap_next(heap))
        if (ss_count_seems_late(heap))
            return true;
    return false;
}

static void settle_all(void) {
    for (unsigned round = 0; round < ROUNDS && any_late(); round++) {
        if (round != 0)
            ss_os_nap();
        if (!ss_park_and_read(settle, NULL)) {
            close_all();
            return;
        }
    }
}

superslab_profile_error ss_profiling_start(size_t mean) {
    if (ss_is_observed())
        return SUPERSLAB_PROFILE_RECORDED;
    const superslab_profile_error error = ss_profile_begin(mean);
    if (error != SUPERSLAB_PROFILE_OK)
        return error;
    ss_count_want(true);
    settle_all();
    return SUPERSLAB_PROFILE_OK;
}

superslab_profile_error ss_profiling_stop(void) {
    if (!ss_profile_is_running())
        return SUPERSLAB_PROFILE_NOT_RUNNING;
    ss_profile_end();
    ss_count_want(false);
    settle_all();
    return SUPERSLAB_PROFILE_OK;
}
