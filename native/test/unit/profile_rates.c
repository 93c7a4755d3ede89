/* A profile's estimates are unbiased, for each function and for sizes on each path: small ones that the hot path serves,
 * larger ones, aligned ones, large ones. What was allocated and what of it is in use are told apart. */
#include "check.h"
#include "profile.h"
#include "superslab.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MEAN = 8192, SAMPLES = CHECK_SCALED(3000), BLOCKS_MOST = 8 << 20, SITE_BYTES = 256 };

static void *blocks[BLOCKS_MOST / 16];
static volatile unsigned done; /* keeps the sites' calls from being tail calls */

typedef void *site(size_t size);

PROFILE_SITE static void *by_malloc(size_t size) {
    void *block = superslab_malloc(size);
    done++;
    return block;
}

PROFILE_SITE static void *by_calloc(size_t size) {
    void *block = superslab_calloc(1, size);
    done++;
    return block;
}

PROFILE_SITE static void *by_aligned(size_t size) {
    void *block = superslab_aligned_alloc(64, size);
    done++;
    return block;
}

/* As malloc aligns. */
PROFILE_SITE static void *by_least_aligned(size_t size) {
    void *block = superslab_aligned_alloc(16, size);
    done++;
    return block;
}

PROFILE_SITE static void *by_realloc(size_t size) {
    void *block = superslab_realloc(NULL, size);
    done++;
    return block;
}

/* From a block of another class, so that the block moves. */
PROFILE_SITE static void *by_growth(size_t size) {
    void *small = superslab_malloc(size / 3 + 1), *block = superslab_realloc(small, size);
    done++;
    return block;
}

static const struct {
    site *function;
    const char *name;
} sites[] = {{by_malloc, "malloc"},         {by_calloc, "calloc"},
             {by_aligned, "aligned_alloc"}, {by_least_aligned, "aligned_alloc of 16"},
             {by_realloc, "realloc"},       {by_growth, "realloc of a block"}};

/* Allocates that many blocks, each between others that are freed at once, and frees every second one. */
static void run(site *function, const char *name, size_t size, size_t growth) {
    char what[64];
    size_t count = (size_t)MEAN * SAMPLES / size;
    if (count > BLOCKS_MOST / 16)
        count = BLOCKS_MOST / 16;
    count = (count + 1) & ~(size_t)1;
    snprintf(what, sizeof what, "%s of %zu bytes", name, size);
    profile_begin(MEAN);
    for (size_t i = 0; i < count; i++) {
        CHECK((blocks[i] = function(size)) != NULL);
        memset(blocks[i], 1, 1);
        superslab_free(superslab_malloc(40));
    }
    for (size_t i = 0; i < count; i += 2)
        superslab_free(blocks[i]);
    const profile_totals totals = profile_read();
    const profile_sum sum = profile_of((const void *)(uintptr_t)function, SITE_BYTES);
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
    CHECK(totals.whole);
    CHECK_EQ(totals.lost, 0);
    const double samples =
        size > MEAN / 2 ? (double)count / 3 : (double)count * (double)size / MEAN / 2;
    if (growth == 0) {
        profile_check_near(sum.objects, (double)count, samples, what);
        /* The size is known to 16 bytes for tiny requests. */
        CHECK_THAT(sum.bytes >= sum.objects * (double)size * 0.99 &&
                       sum.bytes <= sum.objects * ((double)size + 16) * 1.01,
                   "%s: %.0f bytes", what, sum.bytes);
    }
    profile_check_near(sum.used_objects, (double)count / 2, samples / 2, what);
    for (size_t i = 1; i < count; i += 2)
        superslab_free(blocks[i]);
}

/* Blocks that were sampled and freed, and are another site's now, which are rarely sampled at the same addresses. */
static void reused(void) {
    enum { COUNT = 3000, SIZE = 500 };
    profile_begin(MEAN);
    for (unsigned i = 0; i < COUNT; i++)
        blocks[i] = by_calloc(SIZE);
    for (unsigned i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    for (unsigned i = 0; i < COUNT; i++)
        blocks[i] = by_malloc(SIZE);
    profile_read();
    const profile_sum first = profile_of((const void *)(uintptr_t)by_calloc, SITE_BYTES);
    const profile_sum second = profile_of((const void *)(uintptr_t)by_malloc, SITE_BYTES);
    CHECK_THAT(first.used_objects < 0.5, "%f", first.used_objects);
    CHECK(first.objects > 0);
    profile_check_near(second.used_objects, COUNT, COUNT * SIZE / MEAN, "blocks used again");
    for (unsigned i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
}

enum { FEW = 6, FEW_BYTES = 2047 };

static void *take_few(void *out) {
    for (unsigned i = 0; i < FEW; i++)
        ((void **)out)[i] = by_malloc(FEW_BYTES);
    return NULL;
}

/* Threads that take a few blocks each, so that many calls find an empty bin: each block is counted once. */
static void new_threads(void) {
    enum { THREADS = CHECK_SCALED(2000) };
    profile_begin(MEAN);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, take_few, blocks + (size_t)i * FEW), 0);
        pthread_join(thread, NULL);
    }
    profile_read();
    const profile_sum sum = profile_of((const void *)(uintptr_t)by_malloc, SITE_BYTES);
    profile_check_near(sum.objects, THREADS * FEW, THREADS * FEW * FEW_BYTES / MEAN,
                       "blocks of new threads");
    for (unsigned i = 0; i < THREADS * FEW; i++)
        superslab_free(blocks[i]);
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
}

int main(void) {
    static const size_t sizes[] = {1,    24,   100,   500,   1040,  2047,   2048,
                                   5000, 9000, 60000, 65551, 65552, 200000, 3000000};
    superslab_free(superslab_malloc(1));
    superslab_stats before, after;
    superslab_get_stats(&before);
    for (unsigned s = 0; s < sizeof sites / sizeof *sites; s++)
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
            if (sizes[i] < 1000000 || s == 0)
                run(sites[s].function, sites[s].name, sizes[i], sites[s].function == by_growth);
    reused();
    new_threads();
    superslab_get_stats(&after);
    CHECK_EQ(after.live_blocks, before.live_blocks);
    CHECK_EQ(after.live_bytes, before.live_bytes);
}
