/* Interleaved bursts of several sizes: while one size is freed, the next is allocated. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "stats.h"
#include "table.h"

enum { SIZES = 6, COUNT = CHECK_SCALED(4000), ROUNDS = 30 };

int main(void) {
    static const size_t sizes[SIZES] = {16, 48, 112, 320, 1024, 9000};
    void **blocks[SIZES];
    for (size_t s = 0; s < SIZES; s++)
        blocks[s] = table_new(COUNT, sizeof **blocks);
    const superslab_stats before = stats_start();
    for (size_t turn = 0; turn < ROUNDS * SIZES; turn++) {
        const size_t filled = turn % SIZES, emptied = (turn + SIZES / 2) % SIZES;
        for (size_t i = 0; i < COUNT; i++) {
            void *old = blocks[emptied][i];
            if (old != NULL) {
                CHECK_THAT(pattern_marked(old, sizes[emptied], emptied * COUNT + i), "turn %zu",
                           turn);
                superslab_free(old);
                blocks[emptied][i] = NULL;
            }
            if (blocks[filled][i] == NULL) {
                blocks[filled][i] = block_new(sizes[filled]);
                pattern_mark(blocks[filled][i], sizes[filled], filled * COUNT + i);
            }
        }
    }
    for (size_t s = 0; s < SIZES; s++) {
        for (size_t i = 0; i < COUNT; i++) {
            if (blocks[s][i] != NULL)
                CHECK(pattern_marked(blocks[s][i], sizes[s], s * COUNT + i));
            superslab_free(blocks[s][i]);
        }
    }
    stats_check_returned(&before);
}
