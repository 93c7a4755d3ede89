/* The functions of superslab.h about profiles. */
#include "profile/profile.h"

#include "background/profiling.h"
#include "front/counted.h"
#include "front/init.h"
#include "front/lifecycle.h"
#include "heap/count.h"

SUPERSLAB_EXPORT superslab_profile_error superslab_profile_start(size_t mean) {
    ss_process_init();
    const superslab_profile_error error = ss_profiling_start(mean);
    ss_counted_settle();
    return error;
}

SUPERSLAB_EXPORT superslab_profile_error superslab_profile_stop(void) {
    const superslab_profile_error error = ss_profiling_stop();
    ss_counted_settle();
    return error;
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
