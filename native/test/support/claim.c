#include "claim.h"

#include "check.h"
#include "table.h"

enum { STEP_BYTES = 16 };

static void mark(claims *self, uint32_t offset, unsigned char from, unsigned char to) {
    const size_t usable = superslab_region_usable_size(self->region, offset);
    CHECK_GT(usable, 0);
    CHECK_LE(offset + usable, self->bytes);
    for (size_t step = offset / STEP_BYTES; step <= (offset + usable - 1) / STEP_BYTES; step++) {
        /* Relaxed: only the flags themselves are compared. */
        CHECK_EQ(atomic_exchange_explicit(&self->steps[step], to, memory_order_relaxed), from);
    }
}

void claims_start(claims *self, superslab_region *region, size_t bytes) {
    self->region = region;
    self->bytes = bytes;
    self->steps = table_new(bytes / STEP_BYTES, sizeof *self->steps);
}

void claims_take(claims *self, uint32_t offset, size_t size) {
    CHECK_GE(superslab_region_usable_size(self->region, offset), size);
    mark(self, offset, 0, 1);
}

void claims_give(claims *self, uint32_t offset) {
    mark(self, offset, 1, 0);
}

void claims_end(claims *self) {
    for (size_t step = 0; step < self->bytes / STEP_BYTES; step++)
        CHECK_EQ(self->steps[step], 0);
    table_free(self->steps, self->bytes / STEP_BYTES, sizeof *self->steps);
}
