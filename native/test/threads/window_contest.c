/* Isolates free the same blocks in the same instant, repeatedly: each finds the block live before any of them has freed
 * it. Meanwhile they use their blocks, so a block that two of them have meets every case. In the end the statistics are
 * exact, no block is lost, and no memory outside of the window was handed out. */
#include "barrier.h"
#include "check.h"
#include "isolate.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <sched.h>
#include <stdatomic.h>

enum { LIMIT = 64 << 20, ISOLATES = 3, ROUNDS = CHECK_SCALED(3000), CONTESTED = 8, KEPT = 64 };
enum { GRANULE = 65536 }; /* the first one is never handed out */

static window_memory memory;
static uint32_t contested[CONTESTED];
static barrier together = BARRIER(ISOLATES);
static uint64_t seed;

static uint32_t take(isolate *self, size_t size) {
    const uint32_t block = isolate_malloc(self, size);
    CHECK_NE(block, ISOLATE_NONE);
    CHECK_LE(block + size, LIMIT);
    CHECK_EQ(block % 16, 0);
    return block;
}

static size_t any_size(rng *random) {
    return rng_log_size(random, 300000);
}

/* An isolate that receives a block uses its size: while its byte in the table is a class, it has one. The table may
 * change in between, but not each time. */
static void ask(const isolate *self, uint32_t block) {
    size_t usable = 0;
    for (int i = 0; usable == 0 && i < 1000; i++) {
        const uint8_t kind = isolate_kind(self, block);
        if (kind == 0 || kind > SS_LIVE_CLASSES)
            return;
        usable = superslab_window_usable_size(memory.base + block);
    }
    CHECK_NE(usable, 0);
}

/* An isolate with a block that another one has as well may find it freed; no other error is allowed. */
static void use(isolate *self, rng *random, uint32_t kept[KEPT]) {
    for (int i = 0; i < 40; i++) {
        uint32_t *place = &kept[rng_below(random, KEPT)];
        if (*place == ISOLATE_NONE) {
            *place = take(self, any_size(random));
            continue;
        }
        ask(self, *place);
        const int pinned =
            rng_below(random, 8) == 0 ? ss_api_own()->window_pin(self->holder, *place) : -1;
        isolate_free(self, *place);
        if (pinned == 0)
            ss_api_own()->window_unpin(self->holder, *place);
        *place = ISOLATE_NONE;
    }
}

static void work(unsigned index, void *context) {
    static isolate all[ISOLATES];
    isolate *self = &all[index];
    rng random = {seed + index};
    uint32_t kept[KEPT];
    (void)context;
    for (int i = 0; i < KEPT; i++)
        kept[i] = ISOLATE_NONE;
    CHECK(isolate_join(self, &memory));
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t blocks[CONTESTED];
        uint8_t kinds[CONTESTED];
        if (index == 0)
            for (int i = 0; i < CONTESTED; i++)
                contested[i] = take(self, any_size(&random));
        barrier_wait(&together);
        for (int i = 0; i < CONTESTED; i++) {
            blocks[i] = contested[i];
            kinds[i] = isolate_kind(self, blocks[i]);
        }
        barrier_wait(&together);
        for (int i = 0; i < CONTESTED; i++)
            isolate_free_as(self, blocks[i], kinds[i]);
        if (rng_below(&random, 16) == 0)
            ss_api_own()->window_drain(self->holder);
        use(self, &random, kept);
        if (rng_below(&random, 200) == 0)
            superslab_trim();
    }
    for (int i = 0; i < KEPT; i++)
        if (kept[i] != ISOLATE_NONE)
            isolate_free(self, kept[i]);
    isolate_leave(self);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    memory = window_map(LIMIT);
    static isolate first; /* keeps the window from ending */
    CHECK(isolate_join(&first, &memory));
    team_run(ISOLATES, work, NULL);
    ss_api_window_stats stats;
    ss_api_own()->window_stats(first.holder, &stats);
    CHECK_EQ(stats.live_blocks, 0);
    CHECK_EQ(stats.live_bytes, 0);
    CHECK_GT(stats.contained, ROUNDS);

    /* The window is whole, but for the granule at offset 0; the background thread may be purging some of it. */
    uint32_t all = ISOLATE_NONE;
    for (int i = 0; i < 10000 && all == ISOLATE_NONE; i++) {
        all = isolate_malloc(&first, LIMIT - GRANULE);
        sched_yield();
    }
    CHECK_EQ(all, GRANULE);
    isolate_leave(&first);
    stats_check_returned(&before);
    window_unmap(&memory);
}
