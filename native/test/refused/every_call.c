/* Each system call for memory refused in turn, and everything from each on: every request is served or
 * is NULL with ENOMEM, contents stay, statistics stay exact, and all memory can be freed. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "model.h"
#include "refuse.h"
#include "stats.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CASES_MAX = 150 / (CHECK_SANITIZED ? 5 : 1) };

static uint64_t seed;
static void *region_memory;

static void region_step(void) {
    errno = 0;
    superslab_region *region = superslab_region_adopt(region_memory, 1 << 20, 1 << 20);
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

static void scenario(model *small, model *large) {
    for (int part = 0; part < 3; part++) {
        model_step(small, 300);
        model_step(large, 40);
        model_check(small);
        model_check(large);
        superslab_trim();
        superslab_prewarm(2000, 100);
        region_step();
    }
    model_clear(large);
    model_clear(small);
}

typedef struct refusal {
    refuse_kind kind;
    unsigned first;
    bool all_after;
} refusal;

/* Exits with 2 when there was no such call. */
static void refused_once(void *context) {
    const refusal *what = context;
    region_memory = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* The models' own tables are mapped before anything is refused. */
    model small, large;
    model_start(&small, seed, 200, 20000);
    model_start(&large, seed + 1, 16, 5 << 20);
    small.may_fail = large.may_fail = true;
    refuse_start(what->kind, what->first, what->all_after);
    scenario(&small, &large);
    const unsigned calls = refuse_stop();
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
    CHECK_EQ(now.live_blocks, 0);
    CHECK_EQ(now.live_bytes, 0);
    /* And when the system is itself again, so is superslab. */
    small.may_fail = large.may_fail = false;
    scenario(&small, &large);
    superslab_free(block_new(100));
    superslab_free(block_new(30 << 20));
    superslab_trim();
    CHECK_EQ(stats_now().live_blocks, 0);
    if (calls <= what->first)
        _exit(2);
}

static void run(refuse_kind kind, bool all_after) {
    /* All of the first calls, then fewer and fewer. */
    unsigned cases = 0;
    for (unsigned first = 0; cases < CASES_MAX; first += 1 + first / 40, cases++) {
        refusal what = {kind, first, all_after};
        const child_result result = child_run(refused_once, &what);
        if (result.signal == 0 && result.code == 2)
            break;
        if (result.signal != 0 || result.code != 0)
            check_fail(__FILE__, __LINE__, "kind %d, call %u%s refused: signal %d, code %d\n%s",
                       (int)kind, first, all_after ? " and all after" : "", result.signal,
                       result.code, result.text);
    }
    /* mremap and madvise may not be needed; the others are. */
    if (kind == REFUSE_MMAP || kind == REFUSE_MPROTECT)
        CHECK_GT(cases, 0);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    static const refuse_kind kinds[] = {REFUSE_MMAP, REFUSE_MPROTECT, REFUSE_MADVISE, REFUSE_MREMAP,
                                        REFUSE_ALL};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        run(kinds[i], false);
        run(kinds[i], true);
    }
}
