#include "profile/trail.h"

#include "profile/modules.h"

#include <string.h>

/* Of threads that sample at the same time; others take their places in turn. */
#define TRAILS_SHIFT 2u

static SS_SPARSE ss_trail trails[1u << TRAILS_SHIFT];
static SS_SPARSE ss_trail_step steps_added[SS_TRAIL_STEPS];

void ss_trails_begin(void) {
    memset(trails, 0, sizeof trails);
}

void ss_trail_begin(ss_trail_walk *walk, const ss_reader *reader) {
    *walk = (ss_trail_walk){.from = SS_TRAIL_NONE, .version = ss_modules_version()};
    if (reader->end == 0)
        return;
    const uint64_t mixed = reader->end * UINT64_C(0x9e3779b97f4a7c15);
    ss_trail *trail = &trails[mixed >> (64 - TRAILS_SHIFT)];
    if (trail->end != reader->end || trail->version != walk->version)
        trail->count = 0;
    trail->end = reader->end;
    walk->trail = trail;
    walk->count = trail->count;
}

/* The walk and the last one part again: what they shared is added. */
static void part(ss_trail_walk *walk) {
    if (walk->from == SS_TRAIL_NONE)
        return;
    uint32_t shared = walk->next - walk->from;
    if (shared > SS_TRAIL_STEPS - walk->added)
        shared = SS_TRAIL_STEPS - walk->added;
    memcpy(&steps_added[walk->added], &walk->trail->steps[walk->from],
           shared * sizeof *steps_added);
    walk->added += shared;
    walk->from = SS_TRAIL_NONE;
}

/* Whether both walks end here. */
static bool is_last(const ss_trail_walk *walk, const ss_trail_step *step) {
    if (walk->from == SS_TRAIL_NONE || walk->next + 1 != walk->count)
        return false;
    const ss_trail_step *last = &walk->trail->steps[walk->next];
    return last->sp == step->sp && last->pc == step->pc;
}

/* Where a step has read a register, which must be in the thread's own stack. */
static bool place(const ss_reader *reader, uintptr_t sp, uintptr_t at, uint32_t *out) {
    *out = (uint32_t)(at - sp);
    return at >= sp && at - sp < SS_TRAIL_NONE && at - reader->low < reader->end - reader->low;
}

bool ss_trail_unwind(ss_trail_walk *walk, ss_frame *frame, ss_reader *reader) {
    const uint32_t both = 1u << SS_UNWIND_SP | 1u << SS_UNWIND_FP;
    ss_trail_step step = {.pc = frame->pc,
                          .sp = frame->value[SS_UNWIND_SP],
                          .fp = frame->value[SS_UNWIND_FP],
                          .fp_place = SS_TRAIL_NONE};
    bool remembered = !frame->exact && (frame->known & both) == both;
    const bool more = ss_unwind(frame, reader);
    if (walk->trail == NULL)
        return more;
    if (!more && is_last(walk, &step))
        return false;
    part(walk);
    step.generated = frame->generated;
    step.by_fp = frame->by_fp;
    if (more)
        remembered = remembered && frame->plain &&
                     place(reader, step.sp, frame->pc_place, &step.pc_place) &&
                     (frame->fp_place == 0 || place(reader, step.sp, frame->fp_place, &step.fp_place));
    /* The list has no gap: a step that cannot be compared ends what is below it. */
    if (!remembered)
        walk->added = 0;
    else if (walk->added < SS_TRAIL_STEPS)
        steps_added[walk->added++] = step;
    return more;
}

void ss_trail_end(ss_trail_walk *walk) {
    ss_trail *trail = walk->trail;
    if (trail == NULL)
        return;
    uint32_t kept = walk->from == SS_TRAIL_NONE ? 0 : walk->count - walk->from;
    if (kept > SS_TRAIL_STEPS - walk->added)
        kept = SS_TRAIL_STEPS - walk->added;
    if (kept != 0 && walk->added != walk->from)
        memmove(&trail->steps[walk->added], &trail->steps[walk->from],
                kept * sizeof *trail->steps);
    memcpy(trail->steps, steps_added, walk->added * sizeof *trail->steps);
    trail->count = walk->added + kept;
    trail->version = walk->version;
    if (walk->version != ss_modules_version()) /* tables were read anew in the middle */
        trail->count = 0;
}
