/* One live block of the largest class is not charged for a whole bin of them: other bins still grow. */
#include "block.h"
#include "check.h"
#include "stats.h"

/* More than a bin's first room, less than its most. */
enum { COUNT = 30, MID = 3000, LARGEST = 65000 };

int main(void) {
    void *blocks[COUNT];
    const superslab_stats before = stats_start();
    void *largest = block_new(LARGEST);
    for (unsigned i = 0; i < COUNT; i++)
        blocks[i] = block_new(MID);
    const uint64_t cached = stats_now().cached_blocks;
    for (unsigned i = 0; i < COUNT; i++)
        superslab_free(blocks[i]);
    CHECK_EQ(stats_now().cached_blocks - cached, COUNT);
    superslab_free(largest);
    stats_check_returned(&before);
}
