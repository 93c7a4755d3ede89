/* The state of one address: the threads that accessed it in this execution, the times, and whether threads compete for
 * it. */
#ifndef EXPLORER_CELL_H
#define EXPLORER_CELL_H

#include "explorer.h"

typedef enum cell_access { CELL_READ, CELL_WRITE, CELL_ATOMIC_READ, CELL_ATOMIC_WRITE } cell_access;

typedef struct cell {
    uintptr_t address;
    /* In some execution two threads accessed it with atomic operations, one of them a write, in no order. Only such
     * addresses have messages, and threads are preempted only before accesses to them: all other accesses commute. */
    bool shared;
    uint32_t execution;
    uint16_t location; /* of this execution + 1; 0 while it has none */
    /* By kind and thread: the thread's clock at its last access, 0 for none. */
    uint32_t last[4][EXPLORER_THREADS_MAX];
} cell;

void cells_begin(void); /* a new execution */

cell *cell_of(const void *address);
/* NULL if this execution has not accessed it. */
cell *cell_if_accessed(const void *address);

/* Calls `visit` for every cell of these addresses that this execution has accessed. */
void cells_each(const void *start, size_t bytes,
                void (*visit)(const cell *self, const void *context), const void *context);

/* Treats the address as shared from now on. The execution that found this is void, because it lacked the orders that
 * accesses to this address give. Does not return. */
_Noreturn void cell_share(cell *self);

/* Whether an execution ended so since the last call. */
bool cells_learned(void);

#endif
