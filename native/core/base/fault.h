/* Faults of the program: wrong pointers. They are collected while state is in the middle of a change, and reported
 * after it. */
#ifndef SS_FAULT_H
#define SS_FAULT_H

#include "superslab.h"

#include <stdint.h>

typedef struct ss_fault {
    superslab_error error;
    const void *pointer;
} ss_fault;

#define SS_FAULT_COUNT 8u
typedef struct ss_faults {
    ss_fault fault[SS_FAULT_COUNT]; /* the first ones */
    uint32_t count;                 /* of all; may exceed SS_FAULT_COUNT */
} ss_faults;

void ss_fault_add(ss_faults *faults, superslab_error error, const void *pointer);

#endif
