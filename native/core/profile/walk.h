/* The calling thread's stack. Under the profile's lock. */
#ifndef SS_WALK_H
#define SS_WALK_H

#include "profile/reader.h"
#include "profile/stacks.h"

typedef struct ss_walk {
    uintptr_t frames[SS_STACK_FRAMES]; /* return addresses, the innermost one first */
    uint32_t count;
    uint32_t epoch;     /* tells stacks apart whose addresses belonged to other code before */
    uint64_t map_bytes; /* the length of the engine's map; 0 for a stack without generated code */
} ss_walk;

/* Looks for the library's own code, whose frames are left out, and forgets what was remembered of stacks. */
void ss_walk_begin(void);

/* Fills in the calling thread's frames, from the caller of this library on. `stack` is what was found of the thread's
 * stack at earlier walks; all 0 at first. */
void ss_walk_stack(ss_walk *out, ss_stack *stack);

#endif
