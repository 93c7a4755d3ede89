/* Isolates come, pass blocks to each other and go, while others ask about any address of the window, trim and
 * count: each block has one owner, and in the end all are back. */
#include "check.h"
#include "isolate.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <string.h>

enum { LIMIT = 256 << 20, ISOLATES = 3, ROUNDS = CHECK_SCALED(40), STEPS = 2000, SHARED = 256 };

static window_memory memory;
static _Atomic uint32_t shared[SHARED]; /* blocks that any thread may take: offset + 1, or 0 */
static atomic_uint working;
static bool held; /* an isolate keeps the window from ending: no block is lost */
static uint64_t seed;

static void step(isolate *self, rng *random, unsigned index) {
    const size_t size = rng_log_size(random, 200000);
    const uint32_t block = isolate_malloc(self, size);
    CHECK_NE(block, ISOLATE_NONE);
    CHECK(superslab_window_usable_size(memory.base + block) >= size || !held);
    for (size_t i = 0; held && i < size && i < 64; i++)
        memory.base[block + i] = (char)(index + 1);
    for (size_t i = 0; held && i < size && i < 64; i++)
        CHECK_EQ(memory.base[block + i], index + 1);
    if (rng_below(random, 8) == 0)
        CHECK_EQ(ss_api_own()->window_pin(self->holder, block), 0); /* until it leaves, or: */
    if (rng_below(random, 2) == 0)
        ss_api_own()->window_unpin(self->holder, block);
    const uint32_t other = atomic_exchange(&shared[rng_below(random, SHARED)], block + 1);
    if (other == 0)
        return;
    const superslab_error error = rng_below(random, 4) == 0
                                      ? superslab_window_free(memory.base + other - 1)
                                      : isolate_free(self, other - 1);
    CHECK(error == SUPERSLAB_OK || !held);
}

static void live(unsigned index) {
    rng random = {seed + index};
    static isolate all[ISOLATES];
    isolate *self = &all[index];
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(isolate_join(self, &memory));
        for (int i = 0; i < STEPS; i++)
            step(self, &random, index);
        isolate_leave(self);
    }
    atomic_fetch_sub(&working, 1);
}

static void watch(unsigned index) {
    rng random = {seed + index};
    while (atomic_load(&working) != 0) {
        for (int i = 0; i < 1000; i++) {
            const char *address = memory.base + rng_below(&random, LIMIT);
            superslab_inspection found;
            superslab_inspect((uintptr_t)address, &found);
            superslab_window_usable_size(address);
            ss_api_own()->window_check(address);
            /* Never the start of a block. */
            CHECK_NE(superslab_window_free((const char *)((uintptr_t)address | 1)), SUPERSLAB_OK);
        }
        ss_api_window_stats stats;
        ss_api_own()->window_stats(NULL, &stats);
        CHECK_LE(stats.windows, 1);
        superslab_trim();
    }
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index < ISOLATES)
        live(index);
    else
        watch(index);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    memory = window_map(LIMIT);
    /* Holds the window, so that blocks that the others leave stay known. */
    static isolate first;
    CHECK(isolate_join(&first, &memory));
    held = true;
    atomic_store(&working, ISOLATES);
    team_run(ISOLATES + 1, work, NULL);
    for (unsigned i = 0; i < SHARED; i++)
        if (shared[i] != 0)
            CHECK_EQ(isolate_free(&first, shared[i] - 1), SUPERSLAB_OK);
    ss_api_window_stats stats;
    ss_api_own()->window_stats(first.holder, &stats);
    CHECK_EQ(stats.live_blocks, 0);
    CHECK_EQ(stats.holders, 1);
    isolate_leave(&first);

    /* At times the last isolate leaves while other threads ask, and its blocks end with the window. */
    held = false;
    atomic_store(&working, ISOLATES);
    team_run(ISOLATES + 1, work, NULL);
    stats_check_returned(&before);
    window_unmap(&memory);
}
