/* Allocates and frees N blocks repeatedly, first in first out and last in first out in turn. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "stats.h"
#include "table.h"

enum { COUNT_MAX = 20000, BYTES_MAX = CHECK_SCALED(32 << 20), ROUNDS = 10 };

static void bursts(void **blocks, size_t size) {
    const size_t count = BYTES_MAX / size < COUNT_MAX ? BYTES_MAX / size : COUNT_MAX;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < count; i++) {
            blocks[i] = block_new(size);
            pattern_mark(blocks[i], size, round * count + i);
        }
        for (size_t i = 0; i < count; i++) {
            const size_t at = round % 2 == 0 ? i : count - 1 - i;
            CHECK_THAT(pattern_marked(blocks[at], size, round * count + at), "size %zu", size);
            superslab_free(blocks[at]);
        }
    }
}

int main(void) {
    static const size_t sizes[] = {16, 24, 32, 64, 100, 128, 256, 512, 1024, 4096, 20000, 65000};
    void **blocks = table_new(COUNT_MAX, sizeof *blocks);
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        bursts(blocks, sizes[i]);
        stats_check_returned(&before);
    }
}
