/* Refuses each system call for memory in turn, alone and with all that follow: every request is served or returns NULL
 * with ENOMEM, contents stay, statistics stay exact, and all memory can be freed. The first argument is the seed, the
 * second the step from one refused call to the next; with 1 each is refused (every fourth where all that follow are
 * refused too). */
#include "block.h"
#include "check.h"
#include "child.h"
#include "model.h"
#include "pattern.h"
#include "refuse.h"
#include "stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    STEP = CHECK_SANITIZED || CHECK_EMULATED ? 4 : 1,
    ALL_AFTER_STEP = 4,
    REGION_BYTES = 1 << 20,
    MOVED_BYTES = 1 << 20
};

static uint64_t seed;
static unsigned step = STEP;
static void *region_memory;

static void region_step(void) {
    errno = 0;
    superslab_region *region = superslab_region_adopt(region_memory, REGION_BYTES, REGION_BYTES);
    if (region == NULL) {
        CHECK_EQ(errno, ENOMEM);
        return;
    }
    uint32_t offsets[64];
    errno = 0;
    const size_t count = superslab_region_take(region, 500, offsets, 64);
    if (count == 0)
        CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(superslab_region_give(region, offsets, count), count);
    superslab_region_retire(region);
}

/* A block that can grow only elsewhere; where its pages cannot be moved there, it is copied. */
static void move_step(void) {
    void *block = block_try(MOVED_BYTES);
    void *in_the_way = block_try(MOVED_BYTES);
    if (block != NULL) {
        pattern_mark(block, MOVED_BYTES, seed);
        void *grown = block_try_resize(block, 2 * MOVED_BYTES);
        if (grown != NULL)
            block = grown;
        CHECK(pattern_marked_prefix(block, MOVED_BYTES, seed, MOVED_BYTES));
    }
    superslab_free(block);
    superslab_free(in_the_way);
}

/* The live blocks are those of the models. */
static void check_exact(const model *small, const model *large) {
    const superslab_stats now = stats_now();
    uint64_t blocks = 0, bytes = 0;
    model_count(small, &blocks, &bytes);
    model_count(large, &blocks, &bytes);
    CHECK_EQ(now.live_blocks, blocks);
    CHECK_EQ(now.live_bytes, bytes);
    stats_check_consistent(&now);
}

static void scenario(model *small, model *large, int parts) {
    for (int part = 0; part < parts; part++) {
        model_step(small, 200);
        model_step(large, 10);
        move_step();
        model_check(small);
        model_check(large);
        check_exact(small, large);
        superslab_trim();
        superslab_prewarm(2000, 100);
        region_step();
    }
    model_clear(large);
    model_clear(small);
    check_exact(small, large);
}

static void check_all_given_back(void) {
    const superslab_stats now = stats_now();
    CHECK_EQ(now.live_blocks, 0);
    CHECK_EQ(now.cached_blocks, 0);
    CHECK_EQ(now.slab_bytes + now.large_bytes, 0);
    CHECK_EQ(now.dirty_bytes, 0);
}

typedef struct refusal {
    refuse_kind kind;
    unsigned first;
    bool all_after;
} refusal;

/* Exits with 2 when there was no such call. */
static void refused_once(void *context) {
    const refusal *what = context;
    region_memory = mmap(NULL, REGION_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* The models' own tables are mapped before anything is refused. */
    model small, large;
    model_start(&small, seed, 200, 20000);
    model_start(&large, seed + 1, 8, 4 << 20);
    small.may_fail = large.may_fail = true;
    refuse_start(what->kind, what->first, what->all_after);
    scenario(&small, &large, 2);
    const unsigned calls = refuse_stop();
    /* Once the system no longer refuses, every request is served again. */
    small.may_fail = large.may_fail = false;
    scenario(&small, &large, 1);
    superslab_free(block_new(100));
    superslab_free(block_new(30 << 20));
    superslab_trim();
    check_all_given_back();
    if (calls <= what->first)
        _exit(2);
}

/* Refuses each call of the kind in turn, until none is left; returns their number. */
static unsigned run(refuse_kind kind, bool all_after) {
    /* Neighbours differ little where all that follows is refused as well. */
    const unsigned by = all_after ? ALL_AFTER_STEP * step : step;
    for (unsigned first = 0;; first += by) {
        refusal what = {kind, first, all_after};
        const child_result result = child_run(refused_once, &what);
        if (result.signal == 0 && result.code == 2)
            return first;
        if (result.signal != 0 || result.code != 0)
            check_fail(__FILE__, __LINE__, "kind %d, call %u%s refused: signal %d, code %d\n%s",
                       (int)kind, first, all_after ? " and all after" : "", result.signal,
                       result.code, result.text);
    }
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    if (argc > 2)
        step = (unsigned)strtoul(argv[2], NULL, 0);
    CHECK_GT(step, 0);
    if (step != 1)
        fprintf(stderr, "one call in %u is refused, not each\n", step);
    /* Without it, the background thread's calls would change which call is the n-th. */
    setenv("SUPERSLAB_DECAY", "-1", 1);
    static const refuse_kind kinds[] = {REFUSE_MMAP, REFUSE_MPROTECT, REFUSE_MADVISE,
                                        REFUSE_MREMAP};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const unsigned single = run(kinds[i], false);
        run(kinds[i], true);
        /* mremap may not be there; the others are needed. */
        if (kinds[i] != REFUSE_MREMAP)
            CHECK_GT(single, 0);
    }
    run(REFUSE_ALL, true);
}
