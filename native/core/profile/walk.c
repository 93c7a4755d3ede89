#include "profile/walk.h"

#include "os/os.h"
#include "os/profile.h"
#include "profile/codemap.h"
#include "profile/modules.h"

/* The code of this library, whose frames are left out at the inner end of stacks; empty where it is part of the program,
 * whose own frames would go too. */
static uintptr_t own_start, own_end;

void ss_walk_begin(void) {
    ss_modules_read();
    const ss_module *own = ss_module_at((uintptr_t)ss_walk_begin);
    const bool apart = own != NULL && ss_os_program_start() - own->base >= ss_os_page_bytes();
    own_start = apart ? own->start : 0;
    own_end = apart ? own->end : 0;
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

/* Adds the frame; at generated code looks at the engine's map. */
static void frame_add(const ss_frame *frame, uintptr_t pc, uintptr_t call, uintptr_t *frames,
                      ss_walk *out) {
    frames[out->count++] = pc;
    if (!frame->generated)
        return;
    if (!out->generated)
        out->map_bytes = ss_codemap_read();
    out->generated = true;
    out->epoch = out->epoch * 31 + ss_codemap_epoch(call);
}

/* `skips` frames at the inner end are left out, and then those of this library. */
static void walk(ss_frame *frame, ss_reader *reader, uint32_t skips, uintptr_t *frames,
                 uint32_t most, ss_walk *out) {
    bool inside = own_end != 0, more = true;
    *out = (ss_walk){.count = 0};
    for (uint32_t steps = 0; more && out->count < most && steps < 2 * most; steps++) {
        const uintptr_t pc = frame->pc, call = pc - !frame->exact;
        more = ss_unwind(frame, reader) && frame->pc > 4096;
        inside = inside && call - own_start < own_end - own_start;
        if (!inside && steps >= skips)
            frame_add(frame, pc, call, frames, out);
    }
}

void ss_walk_here(uintptr_t *frames, uint32_t most, ss_stack *stack, ss_walk *out) {
    ss_frame frame;
    ss_reader reader;
    SS_FRAME_HERE(&frame);
    reader_begin(&reader, stack, frame.value[SS_UNWIND_SP]);
    walk(&frame, &reader, own_end == 0, frames, most, out);
}

void ss_walk_from(ss_frame *frame, uintptr_t *frames, uint32_t most, ss_walk *out) {
    ss_reader reader = {.low = 0};
    walk(frame, &reader, 0, frames, most, out);
}
