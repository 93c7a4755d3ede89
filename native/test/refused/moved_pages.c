/* Where pages cannot be moved (an older kernel), large blocks are copied. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "refuse.h"
#include "stats.h"

int main(void) {
    const superslab_stats before = stats_start();
    refuse_start(REFUSE_MREMAP, 0, true);
    size_t size = 600 << 10;
    void *block = block_new(size);
    pattern_fill(block, size, 1);
    for (int round = 0; round < 8; round++) {
        void *in_the_way = block_new(2 << 20);
        const size_t next = size * 3 / 2;
        block = block_resize(block, next);
        CHECK(pattern_intact(block, size, 1));
        pattern_fill(block, size = next, 1);
        superslab_free(in_the_way);
    }
    superslab_free(block);
    refuse_stop();
    stats_check_returned(&before);
    block = block_new_zeroed(1, 32 << 20);
    CHECK(pattern_zero(block, 32 << 20));
    superslab_free(block);
    stats_check_returned(&before);
}
