#include "model.h"

#include "block.h"
#include "check.h"
#include "pattern.h"
#include "superslab.h"
#include "table.h"

#include <errno.h>

enum { DENSE_BYTES = 2048 }; /* blocks up to this size have every byte filled and checked */

static void contents_write(const model_slot *slot) {
    if (slot->size <= DENSE_BYTES)
        pattern_fill(slot->block, slot->size, slot->seed);
    else
        pattern_mark(slot->block, slot->size, slot->seed);
}

/* The first `limit` bytes, at most its size. */
static void contents_check(const model_slot *slot, const unsigned char *block, size_t limit) {
    const bool kept = slot->size <= DENSE_BYTES
                          ? pattern_intact(block, limit, slot->seed)
                          : pattern_marked_prefix(block, slot->size, slot->seed, limit);
    CHECK_THAT(kept, "block %p, size %zu, first %zu bytes", (const void *)block, slot->size, limit);
}

static void slot_fill(model *self, model_slot *slot) {
    slot->size = rng_log_size(&self->random, self->size_max) - 1;
    slot->alignment = 0;
    slot->seed = rng_next(&self->random);
    switch (rng_below(&self->random, 8)) {
    case 0:
        slot->block = block_try_zeroed(1, slot->size);
        if (slot->block != NULL)
            CHECK_THAT(pattern_zero(slot->block, slot->size), "size %zu", slot->size);
        break;
    case 1:
        slot->alignment = (size_t)1 << rng_below(&self->random, 17);
        slot->block = block_try_aligned(slot->alignment, slot->size, ENOMEM);
        break;
    default:
        slot->block = block_try(slot->size);
        break;
    }
    if (slot->block != NULL)
        contents_write(slot);
    else
        CHECK_THAT(self->may_fail, "size %zu, alignment %zu", slot->size, slot->alignment);
}

static void slot_empty(model *self, model_slot *slot) {
    contents_check(slot, slot->block, slot->size);
    const bool sized = rng_below(&self->random, 4) == 0;
    if (!sized)
        superslab_free(slot->block);
    else if (slot->alignment > 0)
        superslab_free_aligned_sized(slot->block, slot->alignment, slot->size);
    else
        superslab_free_sized(slot->block, slot->size);
    slot->block = NULL;
}

static void slot_resize(model *self, model_slot *slot) {
    const size_t size = rng_log_size(&self->random, self->size_max) - 1;
    unsigned char *resized = block_try_resize(slot->block, size);
    if (resized == NULL) {
        CHECK_THAT(self->may_fail, "size %zu", size);
        contents_check(slot, slot->block, slot->size);
        return;
    }
    contents_check(slot, resized, size < slot->size ? size : slot->size);
    slot->block = resized;
    slot->size = size;
    slot->alignment = 0;
    contents_write(slot);
}

void model_start(model *self, uint64_t seed, size_t slot_count, size_t size_max) {
    self->random.state = seed;
    self->slots = table_new(slot_count, sizeof *self->slots);
    self->slot_count = slot_count;
    self->size_max = size_max;
    self->may_fail = false;
}

void model_step(model *self, uint64_t steps) {
    for (uint64_t step = 0; step < steps; step++) {
        model_slot *slot = &self->slots[rng_below(&self->random, self->slot_count)];
        if (slot->block == NULL)
            slot_fill(self, slot);
        else if (rng_below(&self->random, 4) == 0)
            slot_resize(self, slot);
        else
            slot_empty(self, slot);
    }
}

void model_check(const model *self) {
    for (size_t i = 0; i < self->slot_count; i++) {
        const model_slot *slot = &self->slots[i];
        if (slot->block == NULL)
            continue;
        CHECK_GE(superslab_usable_size(slot->block), slot->size);
        contents_check(slot, slot->block, slot->size);
    }
}

void model_clear(model *self) {
    for (size_t i = 0; i < self->slot_count; i++) {
        if (self->slots[i].block != NULL)
            slot_empty(self, &self->slots[i]);
    }
}

void model_end(model *self) {
    model_clear(self);
    table_free(self->slots, self->slot_count, sizeof *self->slots);
}

void model_count(const model *self, uint64_t *blocks, uint64_t *bytes) {
    for (size_t i = 0; i < self->slot_count; i++)
        if (self->slots[i].block != NULL) {
            ++*blocks;
            *bytes += block_stride(self->slots[i].block);
        }
}
