/* An alignment that is not a power of two: NULL and EINVAL. One that is too large: NULL and ENOMEM. */
#include "block.h"
#include "check.h"
#include "stats.h"

#include <errno.h>

int main(void) {
    static const size_t invalid[] = {0, 3, 5, 6, 7, 12, 24, 48, 100, 4095, 4097, SIZE_MAX};
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        CHECK(block_try_aligned(invalid[i], 64, EINVAL) == NULL);
        CHECK(block_try_aligned(invalid[i], 0, EINVAL) == NULL);
        CHECK(block_try_aligned(invalid[i], SIZE_MAX, EINVAL) == NULL);
    }
    const size_t half = SIZE_MAX / 2 + 1;
    CHECK(block_try_aligned(half, 16, ENOMEM) == NULL);
    CHECK(block_try_aligned(half / 2, 16, ENOMEM) == NULL);
    CHECK(block_try_aligned(half, SIZE_MAX - 10, ENOMEM) == NULL);
    CHECK(block_try_aligned(16, half, ENOMEM) == NULL);
    CHECK(block_try_aligned(4096, half, ENOMEM) == NULL);
    CHECK(block_try_aligned(4096, SIZE_MAX, ENOMEM) == NULL);
    CHECK(block_try_aligned(4096, SIZE_MAX - 4095, ENOMEM) == NULL);
    CHECK(block_try_aligned(2 << 20, PTRDIFF_MAX, ENOMEM) == NULL);
    superslab_free(block_new_aligned(4096, 4096));
    stats_check_returned(&before);
}
