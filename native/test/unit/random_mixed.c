/* The reports' random-mixed and their fixed sizes, with contents checked. All frees take the header's path: no foreign
 * memory is read. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "rng.h"
#include "stats.h"
#include "table.h"

enum { SLOTS = 8192, OPS = CHECK_SCALED(1000000) };

typedef struct slot {
    void *block;
    size_t size;
} slot;

static void run(slot *slots, uint64_t seed, size_t low, size_t high) {
    rng random = {seed};
    for (uint64_t op = 0; op < OPS; op++) {
        slot *s = &slots[rng_below(&random, SLOTS)];
        if (s->block != NULL) {
            CHECK_THAT(pattern_marked(s->block, s->size, s->size), "operation %ju", (uintmax_t)op);
            superslab_free(s->block);
            s->block = NULL;
        } else {
            s->size = rng_between(&random, low, high);
            s->block = block_new(s->size);
            pattern_mark(s->block, s->size, s->size);
        }
    }
    for (size_t i = 0; i < SLOTS; i++) {
        superslab_free(slots[i].block);
        slots[i].block = NULL;
    }
}

int main(int argc, char **argv) {
    static const size_t fixed[] = {128, 256, 512, 1024};
    const uint64_t seed = check_seed(argc, argv, 42);
    slot *slots = table_new(SLOTS, sizeof *slots);
    const superslab_stats before = stats_start();
    run(slots, seed, 16, 1040);
    run(slots, seed, 1024, 8192);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        run(slots, seed, fixed[i], fixed[i]);
    stats_check_returned(&before);
    CHECK_EQ(stats_now().guarded_reads, before.guarded_reads);
}
