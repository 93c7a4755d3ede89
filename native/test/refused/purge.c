/* madvise is refused (locked pages, a sandbox): pages that could not be given back are not taken for zero, and are not
 * counted as given back. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "refuse.h"
#include "stats.h"

#include <string.h>

int main(void) {
    const superslab_stats before = stats_start();
    refuse_start(REFUSE_MADVISE, 0, true);
    for (size_t size = 100; size <= 64 << 20; size = size * 3 + 1) {
        void *block = block_new(size);
        memset(block, 0xA5, superslab_usable_size(block));
        superslab_free(block);
        superslab_trim();
        block = block_new_zeroed(1, size);
        CHECK_THAT(pattern_zero(block, size), "size %zu", size);
        superslab_free(block);
    }
    refuse_stop();
    stats_check_returned(&before);
}
