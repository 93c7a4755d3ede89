#include "guard/fault.h"

#include "base/lock.h"
#include "guard/calls.h"
#include "os/fault.h"
#include "profile/profile.h"

#include <string.h>

/* One report at a time: its texts are in static memory. Another thread waits for the first one, which usually ends the
 * process. */
static ss_lock reporting;
#define WAIT_NAPS 20000u /* of 0.1 ms */

static bool report_begin(void) {
    if (ss_lock_is_mine(&reporting)) /* the report itself has made a fault */
        return false;
    for (unsigned naps = 0; !ss_lock_try(&reporting); naps++) {
        if (naps == WAIT_NAPS)
            return false;
        ss_os_nap();
    }
    return true;
}

/* ---- the calls ---- */

static SS_SPARSE ss_moment last; /* the access, or the call that found the error */

typedef struct history {
    const char *what; /* the last call did */
    uint32_t index;   /* of the place */
    bool freed;
} history;

static void put_history(ss_text *to, const void *context) {
    const history *of = context;
    const ss_call_line calls[] = {{of->what, &last},
                                  {"freed", ss_place_freed(of->index)},
                                  {"allocated", ss_place_allocated(of->index)}};
    const ss_call_line alive[] = {calls[0], calls[2]};
    ss_calls_put(to, of->freed ? calls : alive, of->freed ? 3 : 2);
}

/* ---- errors that a call finds ---- */

void ss_guard_report(superslab_error error, uintptr_t pointer, bool is_found_late,
                     ss_stack *stack) {
    ss_place_view view;
    if (!ss_place_near(pointer, &view) || ss_report_is_handled() || !report_begin()) {
        ss_report(error, (const void *)pointer);
        return;
    }
    /* A block that is found to be damaged when it is freed is freed by now, but was not when the damage was done. */
    const bool freed = view.state != SS_PLACE_LIVE;
    const history of = {is_found_late ? "freed" : "passed to the allocator", view.index,
                        freed && !is_found_late};
    const ss_fault_detail detail = {.block = view.start,
                                    .size = view.size,
                                    .freed = of.freed,
                                    .found = is_found_late ? "when it was freed" : NULL,
                                    .more = put_history,
                                    .context = &of};
    ss_moment_take(&last, stack);
    ss_report_detail(error, (const void *)pointer, &detail);
    ss_lock_release(&reporting);
}

/* ---- faults ---- */

static superslab_error error_of(const ss_place_view *view, uintptr_t address) {
    if (view->state != SS_PLACE_LIVE)
        return SUPERSLAB_ERROR_USE_AFTER_FREE;
    return address < view->start ? SUPERSLAB_ERROR_UNDERFLOW : SUPERSLAB_ERROR_OVERFLOW;
}

static void moment_of_fault(ss_moment *out, const ss_os_fault *fault) {
    ss_frame frame;
    ss_frame_set(&frame, fault->pc, fault->known, fault->value, SS_OS_FAULT_REGISTERS);
    out->time = ss_os_clock_nanoseconds();
    out->thread = ss_os_thread_number();
    out->map_bytes = 0;
    out->count = fault->pc == 0 ? 0
                                : ss_profile_stack_from(&frame, out->frames, SS_MOMENT_FRAMES,
                                                        &out->map_bytes);
    out->frames[0]++; /* the others are behind their calls */
}

/* The thread that frees the block, or takes its place, is done in microseconds, if it is not this one. */
static bool settled(uintptr_t address, ss_place_view *out) {
    enum { NAPS = 100 };
    bool found = ss_place_near(address, out);
    for (unsigned naps = 0; found && out->state == SS_PLACE_MOVING && naps < NAPS; naps++) {
        ss_os_nap();
        found = ss_place_near(address, out);
    }
    return found;
}

static void on_fault(const ss_os_fault *fault) {
    static const char *const accesses[] = {[SS_OS_ACCESS_UNKNOWN] = "accessed",
                                           [SS_OS_ACCESS_READ] = "read",
                                           [SS_OS_ACCESS_WRITE] = "written"};
    ss_place_view view;
    if (!ss_places_contain(fault->address) || !settled(fault->address, &view))
        return;
    /* In the page of a live block: it was taken since the access. */
    if (view.state == SS_PLACE_LIVE && ss_place_at(fault->address, &view))
        return;
    if (!ss_place_report_begin(view.index) || !report_begin())
        return;
    const superslab_error error = error_of(&view, fault->address);
    const history of = {accesses[fault->access], view.index, view.state != SS_PLACE_LIVE};
    const ss_fault_detail detail = {.block = view.start,
                                    .size = view.size,
                                    .freed = of.freed,
                                    .more = put_history,
                                    .context = &of};
    moment_of_fault(&last, fault);
    ss_report_write(error, (const void *)fault->address, &detail);
    ss_lock_release(&reporting);
    if (ss_report_is_handled())
        ss_report(error, (const void *)fault->address);
}

void ss_guard_watch_faults(void) {
    ss_os_fault_watch(on_fault);
}

void ss_guard_fault_inherit(void) {
    ss_lock_inherit(&reporting);
}
