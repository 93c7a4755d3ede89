/* Memory that grows is backed by huge pages, and goes back all the same: from the resident set, and, where the test may
 * make a control group, from what the group is charged. */
#include "huge.h"

#include "background.h"
#include "barrier.h"
#include "block.h"
#include "check.h"
#include "child.h"
#include "rss.h"
#include "stats.h"
#include "table.h"
#include "team.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BYTES = 1000,
    COUNT = (64 << 10) - 700,
    KEPT_ONE_IN = 2,
    GROUP_BLOCKS = 1000,
    SMALL_COUNT = 4 << 10,
    MANY_THREADS = 48,
    EACH_COUNT = 600,
    HUGE_LEFT_BYTES = 3 << 19,
    LONGER_COUNT = 8, /* classes, with slabs of 6 to 15 granules */
    LONGER_BYTES = 20000,
    LONGER_STEP = 5000
};

static char group[256];

/* ---- a control group of version 1 ---- */

static bool group_make(void) {
    snprintf(group, sizeof group, "/sys/fs/cgroup/memory/superslab-huge-%ld", (long)getpid());
    if (mkdir(group, 0700) == 0)
        return true;
    group[0] = '\0';
    return false;
}

static void group_enter(void) {
    char path[300], text[32];
    const int length = snprintf(text, sizeof text, "%ld", (long)getpid());
    snprintf(path, sizeof path, "%s/cgroup.procs", group);
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    CHECK(file >= 0 && write(file, text, (size_t)length) == length);
    close(file);
}

static size_t group_charge(void) {
    char path[300];
    size_t bytes = 0;
    snprintf(path, sizeof path, "%s/memory.usage_in_bytes", group);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL && fscanf(file, "%zu", &bytes) == 1);
    fclose(file);
    return bytes;
}

/* ---- steps, each in a process of its own ---- */

static void **blocks_make(size_t count) {
    void **blocks = table_new(count, sizeof *blocks);
    for (size_t i = 0; i < count; i++)
        memset(blocks[i] = block_new(BYTES), 1, BYTES);
    return blocks;
}

/* Groups of neighbours are freed, so that whole slabs are free between others that are not. */
static void grows_and_goes_back(void *unused) {
    (void)unused;
    if (group[0] != '\0')
        group_enter();
    const size_t rss_before = rss_bytes();
    void **blocks = blocks_make(COUNT);
    CHECK_GT(huge_bytes(blocks[COUNT - 1]), (size_t)COUNT * BYTES / 2);
    CHECK(!huge_is_advised(blocks[COUNT - 1]));
    const size_t rss_most = rss_bytes(), splits_before = huge_splits();
    const size_t charged_most = group[0] != '\0' ? group_charge() : 0;
    size_t freed = 0;
    for (size_t i = 0; i < COUNT; i++)
        if (i / GROUP_BLOCKS % KEPT_ONE_IN != 0) {
            superslab_free(blocks[i]);
            blocks[i] = NULL;
            freed += BYTES;
        }
    wait_until(scavenger_gives_back); /* it may have ended before there was anything to give back */
    superslab_trim();
    CHECK_LE(rss_bytes(), rss_most - freed * 3 / 4);
    CHECK_GT(huge_splits(), splits_before);
    if (group[0] != '\0')
        CHECK_LE(group_charge(), charged_most - freed * 3 / 4);
    else
        fprintf(stderr, "no control group can be made: what is charged was not compared\n");
    for (size_t i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    superslab_trim();
    CHECK_LE(rss_bytes(), rss_before + (8 << 20));
}

/* What a huge page has beyond the need of the program ages like any other free memory. */
static void rest_goes_back(void *unused) {
    (void)unused;
    void **blocks = blocks_make(COUNT / 2);
    CHECK_GT(huge_bytes(blocks[COUNT / 2 - 1]), 0);
    /* Else the system has more resident than superslab knows of. */
    const size_t rss = rss_bytes();
    CHECK_GT(stats_now().dirty_bytes, 0);
    wait_until(scavenger_gives_back);
    CHECK_LT(rss_bytes(), rss);
    for (size_t i = 0; i < COUNT / 2; i++)
        superslab_free(blocks[i]);
}

static bool is_there(const char *block, size_t offset) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char there = 0;
    CHECK_EQ(mincore((void *)(((uintptr_t)block + offset) & ~(page - 1)), page, &there), 0);
    return (there & 1) != 0;
}

/* A slab of larger blocks may stay untouched for the most part, so it does not lie in what is left over of a huge page,
 * unless no other memory is committed, which is so for one huge page in 4 at most. The first slab goes behind the huge
 * page, the second one finds the rest of that alone. */
static void longer_slabs_stay_out(void *unused) {
    (void)unused;
    setenv("SUPERSLAB_DECAY", "-1", 1);
    blocks_make(COUNT / 2);
    size_t out = 0;
    for (size_t i = 0; i < LONGER_COUNT; i++) {
        while (i % 2 == 0 && stats_now().dirty_bytes < HUGE_LEFT_BYTES)
            memset(block_new(BYTES), 1, BYTES);
        const size_t left = stats_now().dirty_bytes, bytes = LONGER_BYTES + i * LONGER_STEP;
        const bool there = is_there(block_new(bytes), bytes / 2);
        CHECK(there || stats_now().dirty_bytes == left);
        out += !there;
    }
    CHECK_GE(out, LONGER_COUNT / 2);
    const size_t left = stats_now().dirty_bytes;
    CHECK_GT(left, 0);
    for (size_t i = 0; i < SMALL_COUNT / 8; i++) /* slabs of smaller blocks use it up */
        memset(block_new(BYTES), 1, BYTES);
    CHECK_LT(stats_now().dirty_bytes, left);
}

static void stays_small(void *unused) {
    (void)unused;
    void **blocks = blocks_make(SMALL_COUNT);
    CHECK_EQ(huge_bytes(blocks[SMALL_COUNT - 1]), 0);
}

/* Together they use more than one thread needs for huge pages, but each of them less than its share. */
static void keeps_its_share(unsigned index, void *context) {
    static barrier all = BARRIER(MANY_THREADS);
    (void)index, (void)context;
    barrier_wait(&all);
    superslab_free(block_new(BYTES)); /* makes the heap */
    barrier_wait(&all);
    void **blocks = blocks_make(EACH_COUNT);
    barrier_wait(&all);
    CHECK_EQ(huge_bytes(blocks[EACH_COUNT - 1]), 0);
    barrier_wait(&all);
}

static void threads_raise_the_bound(void *unused) {
    (void)unused;
    team_run(MANY_THREADS, keeps_its_share, NULL);
}

static void is_switched_off(void *unused) {
    (void)unused;
    setenv("SUPERSLAB_THP", "0", 1);
    void **blocks = blocks_make(COUNT);
    CHECK_EQ(huge_bytes(blocks[COUNT - 1]), 0);
}

static void step(void (*function)(void *)) {
    const child_result result = child_run(function, NULL);
    child_check_clean(&result);
}

int main(void) {
    if (CHECK_HARDENED)
        check_skip("hardened, memory is opened span by span, and no huge page is used");
    if (!rss_is_meaningful())
        check_skip("it is about the RSS");
    huge_must_be_there();
    setenv("SUPERSLAB_DECAY", "50", 1);
    group_make();
    const child_result result = child_run(grows_and_goes_back, NULL);
    if (group[0] != '\0')
        rmdir(group);
    child_check_clean(&result);
    step(rest_goes_back);
    step(longer_slabs_stay_out);
    step(stays_small);
    step(threads_raise_the_bound);
    step(is_switched_off);
}
