/* Sampled blocks behave like others: they can be resized, asked about and freed, by any thread, once. With a mean of one
 * byte nearly all blocks of 16 bytes or more are sampled. */
#include "check.h"
#include "profile.h"
#include "superslab.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SITE_BYTES = 256 };

static volatile unsigned done;
static unsigned errors[8];

static void on_error(superslab_error error, const void *pointer, void *context) {
    (void)pointer, (void)context;
    errors[error]++;
}

PROFILE_SITE static void *allocate(size_t size) {
    void *block = superslab_malloc(size);
    done++;
    return block;
}

PROFILE_SITE static void *allocate_aligned(size_t size) {
    void *block = superslab_aligned_alloc(256, size);
    done++;
    return block;
}

static double in_use(const void *site) {
    profile_read();
    return profile_of(site, SITE_BYTES).used_objects;
}

static void check_about(double value, double about) {
    CHECK_THAT(value > about - 0.6 && value < about + 0.6, "%f instead of %f", value, about);
}

static void *free_it(void *block) {
    superslab_free(block);
    return NULL;
}

static void each(void *(*site)(size_t), size_t size) {
    char *block = site(size), *other = site(size);
    superslab_inspection found;
    check_about(in_use((const void *)(uintptr_t)site), 2);
    CHECK_EQ(superslab_check(block), SUPERSLAB_OK);
    CHECK_GE(superslab_usable_size(block), size);
    superslab_inspect((uintptr_t)block + size / 2, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_INSIDE);
    CHECK_EQ(found.block, (uintptr_t)block);
    memset(block, 7, size);

    errors[SUPERSLAB_ERROR_DOUBLE_FREE] = 0;
    superslab_free(block);
    check_about(in_use((const void *)(uintptr_t)site), 1);
    superslab_free(block);
    CHECK_EQ(errors[SUPERSLAB_ERROR_DOUBLE_FREE], 1);
    CHECK_EQ(superslab_check(block), SUPERSLAB_ERROR_DOUBLE_FREE);

    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, free_it, other), 0);
    pthread_join(thread, NULL);
    check_about(in_use((const void *)(uintptr_t)site), 0);
}

static void resized(void) {
    char *block = allocate(1000);
    memset(block, 3, 1000);
    check_about(in_use((const void *)(uintptr_t)allocate), 1);
    block = superslab_realloc(block, 900); /* in place */
    check_about(in_use((const void *)(uintptr_t)allocate), 1);
    block = superslab_realloc(block, 5000); /* another block, of this function */
    check_about(in_use((const void *)(uintptr_t)allocate), 0);
    for (unsigned i = 0; i < 900; i++)
        CHECK_EQ(block[i], 3);
    superslab_free(block);
    /* A large block that grows in place is one of its new length. */
    block = superslab_malloc(200000);
    block = superslab_realloc(block, 900000);
    profile_read();
    const profile_sum sum = profile_of((const void *)(uintptr_t)resized, 1024);
    CHECK_THAT(sum.used_bytes > 890000 && sum.used_bytes < 1000000, "%f", sum.used_bytes);
    superslab_free(block);
}

/* Blocks that are sampled when the profile ends are freed like others after it, and blocks of before within it. */
static void across(void) {
    enum { BLOCKS = 200 };
    void *before[BLOCKS], *within[BLOCKS];
    superslab_stats first, last;
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
    superslab_get_stats(&first);
    for (unsigned i = 0; i < BLOCKS; i++)
        before[i] = superslab_malloc(16 + i * 20);
    profile_begin(1);
    for (unsigned i = 0; i < BLOCKS; i++) {
        within[i] = i % 3 == 0 ? superslab_aligned_alloc(64, 16 + i * 20)
                               : superslab_malloc(16 + i * (i % 7 == 0 ? 2000 : 20));
        superslab_free(before[i]);
    }
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
    for (unsigned i = 0; i < BLOCKS; i++) {
        CHECK_EQ(superslab_check(within[i]), SUPERSLAB_OK);
        superslab_free(within[i]);
    }
    superslab_get_stats(&last);
    CHECK_EQ(last.live_blocks, first.live_blocks);
    CHECK_EQ(last.live_bytes, first.live_bytes);
    profile_begin(1);
}

static int visited(const superslab_inspection *block, void *context) {
    uint64_t *counts = context;
    counts[block->kind == SUPERSLAB_ADDRESS_LIVE]++;
    return 0;
}

static void walked(void) {
    superslab_stats stats;
    uint64_t counts[2] = {0, 0};
    void *blocks[100];
    for (unsigned i = 0; i < 100; i++)
        blocks[i] = allocate(i * 10 + 1);
    CHECK_EQ(superslab_visit(NULL, visited, counts), 0);
    superslab_get_stats(&stats);
    CHECK_EQ(counts[1], stats.live_blocks);
    for (unsigned i = 0; i < 100; i++)
        superslab_free(blocks[i]);
}

static void labelled(void) {
    const uint32_t one = superslab_profile_label("route /a"), two = superslab_profile_label("b");
    CHECK_NE(one, two);
    CHECK_NE(one, 0);
    CHECK_EQ(superslab_profile_label("route /a"), one);
    CHECK_EQ(superslab_profile_label(""), 0);
    CHECK_EQ(superslab_profile_set_label(one), 0);
    void *first = allocate(100);
    CHECK_EQ(superslab_profile_set_label(two), one);
    void *second = allocate(100);
    CHECK_EQ(superslab_profile_set_label(0), two);
    profile_read();
    CHECK_EQ(profile_of((const void *)(uintptr_t)allocate, SITE_BYTES).stacks, 2);
    superslab_free(first);
    superslab_free(second);
}

int main(void) {
    superslab_set_error_handler(on_error, NULL);
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_NOT_RUNNING);
    CHECK_EQ(superslab_profile_write(2), SUPERSLAB_PROFILE_NOT_RUNNING);
    profile_begin(1);
    CHECK_EQ(superslab_profile_start(1), SUPERSLAB_PROFILE_RUNNING);
    CHECK_EQ(superslab_profile_is_running(), 1);
    static const size_t sizes[] = {16, 100, 1000, 2047, 3000, 60000, 100000, 5000000};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        each(allocate, sizes[i]);
        each(allocate_aligned, sizes[i]);
    }
    resized();
    walked();
    across();
    labelled();
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
    CHECK_EQ(superslab_profile_is_running(), 0);
    CHECK_EQ(superslab_profile_start(0), SUPERSLAB_PROFILE_INVALID);
}
