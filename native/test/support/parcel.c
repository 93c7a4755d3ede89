#include "parcel.h"

#include "block.h"
#include "check.h"
#include "pattern.h"
#include "superslab.h"

static parcel *marked(void *block, size_t size, uint64_t seed) {
    parcel *fresh = block;
    fresh->size = size;
    fresh->seed = seed;
    pattern_mark(fresh->contents, size - sizeof *fresh, seed);
    return fresh;
}

parcel *parcel_new(size_t size, uint64_t seed) {
    return marked(block_new(size), size, seed);
}

void parcel_check(const parcel *self) {
    CHECK_LE(self->size, superslab_usable_size(self));
    CHECK_THAT(pattern_marked(self->contents, self->size - sizeof *self, self->seed),
               "size %ju, seed %ju", (uintmax_t)self->size, (uintmax_t)self->seed);
}

void parcel_free(parcel *self) {
    if (self == NULL)
        return;
    parcel_check(self);
    /* A thread that frees it twice, or gets it while it is in use, finds a seed that fits no contents. */
    self->seed = ~self->seed;
    superslab_free(self);
}

parcel *parcel_resize(parcel *old, size_t size) {
    parcel_check(old);
    const uint64_t old_size = old->size, seed = old->seed;
    parcel *resized = block_resize(old, size);
    CHECK_EQ(resized->size, old_size);
    CHECK_EQ(resized->seed, seed);
    const size_t kept = (old_size < size ? old_size : size) - sizeof *resized;
    CHECK(pattern_marked_prefix(resized->contents, old_size - sizeof *resized, seed, kept));
    return marked(resized, size, seed);
}

void parcel_reseed(parcel *self, uint64_t seed) {
    parcel_check(self);
    marked(self, self->size, seed);
}
