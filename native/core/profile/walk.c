#include "profile/walk.h"

#include "os/os.h"
#include "os/profile.h"
#include "profile/codemap.h"
#include "profile/modules.h"
#include "profile/trail.h"

/* The code of this library, whose frames are left out at the inner end of stacks; empty where it is part of the program,
 * whose own frames would go too. */
static uintptr_t own_start, own_end;

static void own_find(void) {
    const ss_module *own = ss_module_at((uintptr_t)own_find);
    const bool apart = own != NULL && ss_os_program_start() - own->base >= ss_os_page_bytes();
    own_start = apart ? own->start : 0;
    own_end = apart ? own->end : 0;
}

void ss_walk_begin(void) {
    ss_modules_read();
    own_find();
    ss_trails_begin();
}

/* Extends what is known to be the thread's own stack down to the frame. */
static SS_COLD void stack_extend(ss_stack *stack, uintptr_t sp, uintptr_t end) {
    enum { PAGES = 64, PAGE = 4096 };
    uint8_t byte;
    if (stack->end != end)
        *stack = (ss_stack){end & ~(uintptr_t)(PAGE - 1), end};
    uintptr_t at = stack->low;
    for (unsigned i = 0; i < PAGES && at > sp; i++) {
        if (ss_os_read_memory((at - 1) & ~(uintptr_t)(PAGE - 1), &byte, 1) != 1)
            return; /* a gap: this is another stack */
        at = (at - 1) & ~(uintptr_t)(PAGE - 1);
    }
    if (at <= sp)
        stack->low = at;
}

/* The part that may be read directly, from sp on; empty if the thread runs on another stack than its own. */
static void reader_begin(ss_reader *reader, ss_stack *stack, uintptr_t sp) {
    const uintptr_t end = ss_os_thread_end();
    reader->copy_start = reader->copy_end = 0;
    if (SS_UNLIKELY(end != 0 && (stack->end != end || sp < stack->low)))
        stack_extend(stack, sp, end);
    const bool own = end != 0 && stack->end == end && sp >= stack->low && sp < end;
    reader->low = own ? sp : 0;
    reader->end = own ? end : 0;
}

/* At a frame in generated code: looks at the engine's map. */
static SS_NOINLINE void generated_note(uintptr_t call, ss_walk *out) {
    if (!out->generated)
        out->map_bytes = ss_codemap_read();
    out->generated = true;
    out->epoch = out->epoch * 31 + ss_codemap_epoch(call);
}

/* Whether a frame of this library's is left out: none has been added yet. */
static bool is_own(uintptr_t call) {
    return call - own_start < own_end - own_start;
}

/* Takes the steps that the last walk took from here, as long as the stack is what it was: no step is looked up. Adds the
 * frames, from the first one on that is not `*inside` this library. False, with nothing done, if the last walk was not
 * here. */
static bool follow(ss_frame *frame, ss_trail_walk *trail, bool *inside, uintptr_t *frames,
                   uint32_t most, ss_walk *out) {
    const ss_trail_step *const first = ss_trail_find(trail, frame), *step = first;
    if (first == NULL)
        return false;
    const ss_trail_step *const last = ss_trail_last(trail);
    uintptr_t pc = frame->pc, sp = frame->value[SS_UNWIND_SP], fp = frame->value[SS_UNWIND_FP];
    uint32_t count = out->count;
    do {
        if (!*inside || !(*inside = is_own(pc - 1))) {
            if (SS_UNLIKELY(step->generated))
                generated_note(pc - 1, out);
            frames[count++] = pc;
        }
        ss_trail_take(step++, &pc, &sp, &fp);
    } while (count < most && step < last && ss_trail_is_from(step, pc, sp, fp));
    out->count = count;
    ss_trail_arrive(trail, (uint32_t)(step - first), frame, pc, sp, fp);
    return true;
}

/* Takes any other step, and adds the frame if `adds`. False at the end of the stack. */
static bool step_take(ss_frame *frame, ss_reader *reader, ss_trail_walk *trail, bool adds,
                      uintptr_t *frames, ss_walk *out) {
    const uintptr_t pc = frame->pc, call = pc - !frame->exact;
    const bool more = ss_trail_unwind(trail, frame, reader);
    if (adds && frame->generated)
        generated_note(call, out);
    if (adds)
        frames[out->count++] = pc;
    return more;
}

/* The frames of this library at the inner end are left out, or the first one if the library is no file of its own. False
 * if the stack is to be walked without the help of the last walk: a step needs registers that it does not tell. */
static bool walk(ss_frame *frame, ss_reader *reader, ss_trail_walk *trail, uint32_t skips,
                 uintptr_t *frames, uint32_t most, ss_walk *out) {
    bool inside = own_end != 0, more = true;
    *out = (ss_walk){.count = 0};
    for (uint32_t steps = 0; more && out->count < most && steps < 2 * most; steps++) {
        if (!follow(frame, trail, &inside, frames, most, out)) {
            inside = inside && is_own(frame->pc - !frame->exact);
            more = step_take(frame, reader, trail, !inside && steps >= skips, frames, out);
            if (SS_UNLIKELY(trail->followed && !frame->plain))
                return false;
        }
        more = more && frame->pc > 4096;
    }
    return true;
}

void ss_walk_here(uintptr_t *frames, uint32_t most, ss_stack *stack, ss_walk *out) {
    ss_frame here, frame;
    ss_reader reader;
    ss_trail_walk trail;
    const uint32_t skips = own_end == 0;
    SS_FRAME_HERE(&here);
    reader_begin(&reader, stack, here.value[SS_UNWIND_SP]);
    ss_trail_begin(&trail, &reader);
    frame = here;
    if (SS_UNLIKELY(!walk(&frame, &reader, &trail, skips, frames, most, out))) {
        trail = (ss_trail_walk){.trail = NULL};
        frame = here;
        walk(&frame, &reader, &trail, skips, frames, most, out);
    }
    ss_trail_end(&trail);
}

void ss_walk_from(ss_frame *frame, uintptr_t *frames, uint32_t most, ss_walk *out) {
    ss_reader reader = {.low = 0};
    ss_trail_walk trail = {.trail = NULL};
    walk(frame, &reader, &trail, 0, frames, most, out);
}
