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

/* Where a step has read a register. False if that is not in the thread's own stack. */
static bool place(const ss_reader *reader, uintptr_t sp, uintptr_t at, uint32_t *out) {
    *out = (uint32_t)(at - sp);
    return at >= sp && at - sp < SS_TRAIL_NONE && at - reader->low < reader->end - reader->low;
}

bool ss_trail_unwind(ss_trail_walk *walk, ss_frame *frame, ss_reader *reader) {
    const uint32_t both = 1u << SS_UNWIND_SP | 1u << SS_UNWIND_FP;
    const uintptr_t sp = frame->value[SS_UNWIND_SP];
    ss_trail_step step = {.pc = frame->pc, .sp = sp, .fp = frame->value[SS_UNWIND_FP]};
    const bool given = !frame->exact && (frame->known & both) == both;
    if (!ss_unwind(frame, reader))
        return false;
    const uintptr_t bytes = frame->value[SS_UNWIND_SP] - sp;
    if (walk->trail == NULL || !given || !frame->plain || bytes >= SS_TRAIL_NONE ||
        !place(reader, sp, frame->pc_place, &step.pc_place))
        return true;
    if (frame->fp_place == 0)
        step.fp_place = SS_TRAIL_NONE;
    else if (!place(reader, sp, frame->fp_place, &step.fp_place))
        return true;
    step.bytes = (uint32_t)bytes;
    step.generated = frame->generated;
    step.by_fp = frame->by_fp;
    part(walk);
    if (walk->added < SS_TRAIL_STEPS)
        steps_added[walk->added++] = step;
    return true;
}

void ss_trail_end(ss_trail_walk *walk) {
    ss_trail *trail = walk->trail;
    if (trail == NULL)
        return;
    uint32_t kept = walk->from == SS_TRAIL_NONE ? 0 : walk->count - walk->from;
    if (kept > SS_TRAIL_STEPS - walk->added)
        kept = SS_TRAIL_STEPS - walk->added;
    if (kept != 0 && walk->added != walk->from)
        memmove(&trail->steps[walk->added], &trail->steps[walk->from], kept * sizeof *trail->steps);
    memcpy(trail->steps, steps_added, walk->added * sizeof *trail->steps);
    trail->count = walk->added + kept;
    trail->version = walk->version;
    if (walk->version != ss_modules_version()) /* tables were read anew in the middle */
        trail->count = 0;
}
