#include "cell.h"

#include <string.h>

enum { CELLS_SHIFT = 18, CELLS_MAX = 1 << CELLS_SHIFT };

static cell cells[CELLS_MAX];
static unsigned used;
static cell *accessed[CELLS_MAX / 2]; /* in this execution */
static unsigned accessed_count;
static uint32_t execution;
static bool learned;

void cells_begin(void) {
    execution++;
    accessed_count = 0;
}

/* The cell of the address, or the empty one where it would be. */
static cell *find(uintptr_t address) {
    size_t at = (size_t)(address * UINT64_C(0x9E3779B97F4A7C15) >> (64 - CELLS_SHIFT));
    while (cells[at].address != 0 && cells[at].address != address)
        at = (at + 1) % CELLS_MAX;
    return &cells[at];
}

cell *cell_of(const void *address) {
    cell *self = find((uintptr_t)address);
    if (self->address == 0) {
        if (++used > CELLS_MAX / 2)
            explorer_fail("too many addresses");
        self->address = (uintptr_t)address;
    }
    if (self->execution != execution) {
        accessed[accessed_count++] = self;
        self->execution = execution;
        self->location = 0;
        memset(self->last, 0, sizeof self->last);
    }
    return self;
}

cell *cell_if_accessed(const void *address) {
    cell *self = find((uintptr_t)address);
    return self->address != 0 && self->execution == execution ? self : NULL;
}

void cells_each(const void *start, size_t bytes,
                void (*visit)(const cell *self, const void *context), const void *context) {
    for (unsigned i = 0; i < accessed_count; i++)
        if (accessed[i]->address - (uintptr_t)start < bytes)
            visit(accessed[i], context);
}

bool cells_learned(void) {
    const bool result = learned;
    learned = false;
    return result;
}

void cell_share(cell *self) {
    self->shared = learned = true;
    explorer_fail("an address turned out to be shared");
}
