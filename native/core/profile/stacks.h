/* The distinct stacks of a profile and what was allocated from each, in memory of a fixed size. Stacks share what they
 * have in common: each is the last node of a chain of frames, from the outermost one on. Under the profile's lock. */
#ifndef SS_STACKS_H
#define SS_STACKS_H

#include "base/types.h"

#define SS_STACKS_MOST 10240u
#define SS_STACK_FRAMES 128u
#define SS_NO_STACK UINT32_MAX

typedef struct ss_stack_counts {
    /* Estimates. Objects are counted in thousandths. */
    uint64_t used_objects, used_bytes, objects, bytes;
} ss_stack_counts;

typedef struct ss_stack_record {
    uint32_t node, label, epoch;
    uint32_t next; /* of the same hash; 0: none, else the record's index + 1 */
    ss_stack_counts counts;
    uint64_t first, last; /* the length of the engine's map at the first and at the last sample */
} ss_stack_record;
_Static_assert(sizeof(ss_stack_record) == 64, "10,240 of them take 640 KiB");

/* Takes the memory; false if the system refuses. Forgets all stacks, and keeps the labels. */
bool ss_stacks_begin(void);

/* The stack with these frames, the innermost one first. SS_NO_STACK if there is no room for it. */
uint32_t ss_stack_find(const uintptr_t *frames, uint32_t count, uint32_t label, uint32_t epoch);

ss_stack_record *ss_stack_at(uint32_t stack);

uint32_t ss_stacks_count(void);

/* Writes its frames, the innermost one first; returns their number. */
uint32_t ss_stack_frames(uint32_t stack, uintptr_t frames[SS_STACK_FRAMES]);

/* ---- labels ---- */

#define SS_LABELS_MOST 1024u
#define SS_LABEL_BYTES 64u

/* The number of a label, from 1 on; longer texts are cut, control characters become '?'. 0 without room. */
uint32_t ss_label_find(const char *text);
const char *ss_label_text(uint32_t label);
uint32_t ss_labels_count(void);

#endif
