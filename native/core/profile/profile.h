/* A profile: samples of what is allocated, each with the stack that asked for it. The layers above say which blocks are
 * sampled (count.h) and when they are freed.
 *
 * All data is under one lock. A signal's handler may interrupt its holder and allocate or free: then the sample is lost, and
 * counted as such, or the free is noted for the next holder. Nothing here allocates, and a sample makes no system call
 * unless the stack is not the thread's own, has generated code, or shows something for the first time. */
#ifndef SS_PROFILE_H
#define SS_PROFILE_H

#include "profile/samples.h"
#include "profile/unwind.h"
#include "superslab.h"

/* Begins anew: forgets all stacks and samples. SUPERSLAB_PROFILE_OK, or why not. */
superslab_profile_error ss_profile_begin(size_t mean);
/* No sample is taken from here on; what is known stays, and goes on to be freed. */
void ss_profile_end(void);

bool ss_profile_is_running(void);

/* The mean number of bytes between two samples. */
size_t ss_profile_mean(void);

/* A block was allocated that is to be sampled. `size` is what was asked for, `counted` the bytes by which it was
 * chosen, which differ for blocks of windows. `stack` is what was found of the thread's stack at earlier samples; all 0 at first. */
void ss_profile_sample(const void *block, size_t size, size_t counted, uint32_t label,
                       ss_stack *stack);

/* Before a block is freed that may have been sampled. */
void ss_profile_freed(uintptr_t block);

/* ---- stacks for others than samples ---- */

/* Before the first of the functions below. False where there are none. */
bool ss_profile_prepare_stacks(void);

/* The calling thread's stack, at most `most` frames, the innermost one first; `*map_bytes` is set to the length of the
 * engine's map if there is generated code among them. 0 if this thread holds the profile's lock. */
uint32_t ss_profile_stack(uintptr_t *frames, uint32_t most, ss_stack *stack, uint64_t *map_bytes);

/* The stack from a frame on, for the handler of a signal: waits for the lock for a bounded time. */
uint32_t ss_profile_stack_from(ss_frame *frame, uintptr_t *frames, uint32_t most,
                               uint64_t *map_bytes);

/* Takes the samples out whose blocks are gone, as `is_gone` says, which must not allocate. */
void ss_profile_sift(bool (*is_gone)(const ss_sample *sample, void *context));

/* The number of a label for ss_profile_sample; 0 without room. */
uint32_t ss_profile_label(const char *text);

/* Writes the profile as text (docs/profile-format.md) to a descriptor. SUPERSLAB_PROFILE_BUSY if a signal's handler calls it
 * that interrupted the profile itself. */
superslab_profile_error ss_profile_write(int descriptor);

/* Called after each sample, outside the lock, by the thread that took it; NULL for none. */
typedef void ss_profile_hook(void);
bool ss_profile_set_hook(ss_profile_hook *hook);

/* In the child of a fork. */
void ss_profile_inherit(void);

#endif
