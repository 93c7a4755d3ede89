/* The steps of the last walks, remembered, so that the next one need not look them up.
 *
 * The outer part of a stack is mostly the one of the sample before. A step by the frame pointer, or by a rule that takes
 * no other register than the stack's and the frame's pointer, is given by the code's address and by these two: it says
 * where the next frame begins and where its registers are. So a walk that arrives where the last one was takes the same
 * step, and reads the registers. Under the profile's lock. */
#ifndef SS_TRAIL_H
#define SS_TRAIL_H

#include "profile/unwind.h"

#define SS_TRAIL_STEPS 96u

/* A frame, and what its step does: in bytes from its stack pointer. */
typedef struct ss_trail_step {
    uintptr_t pc, sp, fp;
    uint32_t bytes;              /* the next frame's stack pointer */
    uint32_t pc_place, fp_place; /* where its registers are; SS_TRAIL_NONE: fp stays as it is */
    bool generated;              /* pc is in no file */
    bool by_fp;                  /* the step depends on fp */
} ss_trail_step;
#define SS_TRAIL_NONE UINT32_MAX

/* The last walk of a thread's own stack, from the innermost frame on. */
typedef struct ss_trail {
    uintptr_t end; /* of the thread's stack */
    uint32_t version, count;
    ss_trail_step steps[SS_TRAIL_STEPS];
} ss_trail;

/* A walk that looks for the last one. */
typedef struct ss_trail_walk {
    ss_trail *trail; /* NULL: none is looked for */
    uint32_t next,
        count;      /* the first step that is not below this walk's frame, and the number of them */
    uint32_t from;  /* where this walk met the last one; SS_TRAIL_NONE while they are apart */
    uint32_t added; /* steps until then */
    uint32_t version; /* of the list of modules, at the beginning */
    bool followed;    /* so no other registers than the two pointers are known */
} ss_trail_walk;

/* Forgets all walks. */
void ss_trails_begin(void);

/* `reader` has the thread's stack. */
void ss_trail_begin(ss_trail_walk *walk, const ss_reader *reader);

/* Whether the last walk took the step from a frame with these registers. */
static inline bool ss_trail_is_from(const ss_trail_step *step, uintptr_t pc, uintptr_t sp,
                                    uintptr_t fp) {
    return step->pc == pc && step->sp == sp && (!step->by_fp || step->fp == fp);
}

/* Takes it. Its places are in the thread's own stack, and not below the frame. */
static inline void ss_trail_take(const ss_trail_step *step, uintptr_t *pc, uintptr_t *sp,
                                 uintptr_t *fp) {
    const char *base = (const char *)*sp;
    *pc = ss_unwind_pc(*(const volatile uintptr_t *)(const void *)(base + step->pc_place));
    if (step->fp_place != SS_TRAIL_NONE)
        *fp = *(const volatile uintptr_t *)(const void *)(base + step->fp_place);
    *sp += step->bytes;
}

/* The step that the last walk took from here, or NULL. */
static inline const ss_trail_step *ss_trail_find(ss_trail_walk *walk, const ss_frame *frame) {
    const uintptr_t sp = frame->value[SS_UNWIND_SP];
    const ss_trail_step *step = NULL;
    for (; walk->next < walk->count; walk->next++)
        if ((step = &walk->trail->steps[walk->next])->sp >= sp)
            break;
    return walk->next < walk->count && !frame->exact &&
                   ss_trail_is_from(step, frame->pc, sp, frame->value[SS_UNWIND_FP])
               ? step
               : NULL;
}

/* The step behind the last one of the last walk. */
static inline const ss_trail_step *ss_trail_last(const ss_trail_walk *walk) {
    return walk->trail->steps + walk->count;
}

/* `steps` steps, the first of which ss_trail_find has found, were taken to the frame with these registers. */
static inline void ss_trail_arrive(ss_trail_walk *walk, uint32_t steps, ss_frame *frame,
                                   uintptr_t pc, uintptr_t sp, uintptr_t fp) {
    frame->pc = pc;
    frame->value[SS_UNWIND_SP] = sp;
    frame->value[SS_UNWIND_FP] = fp;
    frame->known = 1u << SS_UNWIND_SP | 1u << SS_UNWIND_FP;
    if (walk->from == SS_TRAIL_NONE)
        walk->from = walk->next;
    walk->followed = true;
    walk->next += steps;
}

/* Takes any other step, as ss_unwind. */
bool ss_trail_unwind(ss_trail_walk *walk, ss_frame *frame, ss_reader *reader);

/* Keeps what the walk has found for the next one. */
void ss_trail_end(ss_trail_walk *walk);

#endif
