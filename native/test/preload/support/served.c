#include "served.h"

#include "check.h"
#include "copies.h"
#include "pattern.h"
#include "rng.h"

#include <malloc.h>
#include <stdlib.h>

static const superslab_api *joined(void) {
    return copy_load(COPY_A).join(NULL);
}

const superslab_api *served_api(void) {
    const superslab_api *api = joined();
    CHECK(api != NULL);
    CHECK_EQ(api->serves_malloc, 1);
    return api;
}

bool served_by_nobody(void) {
    const superslab_api *api = joined();
    return api != NULL && api->serves_malloc == 0;
}

/* ---- churn ---- */

typedef struct held {
    void *block;
    size_t size;
    uint64_t seed;
} held;

static void *any_block(rng *random, size_t size) {
    void *block = NULL;
    switch (rng_below(random, 8)) {
    case 0:
        block = calloc(1, size);
        CHECK(pattern_zero(block, size));
        return block;
    case 1:
        CHECK_EQ(posix_memalign(&block, (size_t)16 << rng_below(random, 10), size), 0);
        return block;
    case 2:
        return realloc(NULL, size);
    case 3:
        return memalign((size_t)8 << rng_below(random, 6), size);
    default:
        return malloc(size);
    }
}

static void drop(held *one) {
    CHECK(one->block == NULL || pattern_marked(one->block, one->size, one->seed));
    free(one->block);
    one->block = NULL;
}

static void take(held *one, rng *random, size_t size_max) {
    one->size = rng_log_size(random, size_max);
    one->seed = rng_next(random);
    one->block = any_block(random, one->size);
    CHECK(one->block != NULL);
    CHECK_GE(malloc_usable_size(one->block), one->size);
    pattern_mark(one->block, one->size, one->seed);
}

static void resize(held *one, rng *random, size_t size_max) {
    const size_t size = rng_log_size(random, size_max);
    one->block = reallocarray(one->block, 1, size);
    CHECK(one->block != NULL);
    CHECK(pattern_marked_prefix(one->block, one->size, one->seed,
                                size < one->size ? size : one->size));
    one->size = size;
    pattern_mark(one->block, one->size, one->seed);
}

void served_churn(uint64_t seed, unsigned steps, size_t size_max) {
    enum { SLOTS = 64 };
    held slots[SLOTS] = {{NULL, 0, 0}};
    rng random = {seed};
    for (unsigned step = 0; step < steps; step++) {
        held *one = &slots[rng_below(&random, SLOTS)];
        if (one->block == NULL)
            take(one, &random, size_max);
        else if (rng_below(&random, 4) == 0)
            resize(one, &random, size_max);
        else
            drop(one);
    }
    for (unsigned i = 0; i < SLOTS; i++)
        drop(&slots[i]);
}
