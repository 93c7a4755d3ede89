/* The stack of a thread, as return addresses from the inner one on. Under the profile's lock. */
#ifndef SS_WALK_H
#define SS_WALK_H

#include "profile/unwind.h"

typedef struct ss_walk {
    uint32_t count;     /* frames */
    bool generated;     /* one of them is in code of a JavaScript engine */
    uint32_t epoch;     /* tells stacks apart whose addresses belonged to other code before */
    uint64_t map_bytes; /* the length of the engine's map; 0 without generated code or a map */
} ss_walk;

/* Reads the mappings, and finds this library's own code, whose frames are left out. Before the first walk. */
void ss_walk_begin(void);

/* Writes at most `most` frames of the calling thread, from the caller of this library on. `stack` is what earlier walks
 * have found of the thread's stack; all 0 at first. */
void ss_walk_here(uintptr_t *frames, uint32_t most, ss_stack *stack, ss_walk *out);

/* The same from a frame on, which is the first one. All memory is read through the system. */
void ss_walk_from(ss_frame *frame, uintptr_t *frames, uint32_t most, ss_walk *out);

#endif
