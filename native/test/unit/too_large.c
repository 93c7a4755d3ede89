/* Products that overflow, requests above PTRDIFF_MAX and requests no machine can serve: NULL and
 * ENOMEM, nothing lost, and the next smaller request works. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "stats.h"

#include <errno.h>

static void *try_array(void *block, size_t count, size_t size) {
    errno = 0;
    void *resized = superslab_reallocarray(block, count, size);
    if (resized == NULL)
        CHECK_EQ(errno, ENOMEM);
    return resized;
}

static void smaller_works(void) {
    superslab_free(block_new(100));
    superslab_free(block_new(100000));
}

int main(void) {
    static const size_t too_large[] = {(size_t)PTRDIFF_MAX + 1,
                                       (size_t)PTRDIFF_MAX,
                                       (size_t)PTRDIFF_MAX - 4096,
                                       SIZE_MAX,
                                       SIZE_MAX - 1,
                                       SIZE_MAX - 15,
                                       SIZE_MAX - 16,
                                       SIZE_MAX - 4096,
                                       SIZE_MAX - (64 << 10),
                                       SIZE_MAX - (2 << 20),
                                       (size_t)1 << 62,
                                       (size_t)1 << 56,
                                       (size_t)1 << 50};
    static const size_t products[][2] = {{SIZE_MAX, 2},         {2, SIZE_MAX},
                                         {SIZE_MAX, SIZE_MAX},  {(size_t)1 << 32, (size_t)1 << 32},
                                         {SIZE_MAX / 3 + 1, 3}, {3, SIZE_MAX / 3 + 1},
                                         {SIZE_MAX / 2, 2},     {(size_t)1 << 33, (size_t)1 << 31}};
    const superslab_stats before = stats_start();
    unsigned char *kept = block_new(1000);
    unsigned char *kept_large = block_new(1000000);
    pattern_fill(kept, 1000, 1);
    pattern_fill(kept_large, 1000000, 2);
    const superslab_stats held = stats_now();

    for (size_t i = 0; i < sizeof too_large / sizeof *too_large; i++) {
        CHECK(block_try(too_large[i]) == NULL);
        smaller_works();
        CHECK(block_try_zeroed(1, too_large[i]) == NULL);
        CHECK(block_try_zeroed(too_large[i], 1) == NULL);
        CHECK(block_try_resize(kept, too_large[i]) == NULL);
        CHECK(block_try_resize(kept_large, too_large[i]) == NULL);
        CHECK(block_try_resize(NULL, too_large[i]) == NULL);
        CHECK(try_array(kept, 1, too_large[i]) == NULL);
        smaller_works();
    }
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        CHECK(block_try_zeroed(products[i][0], products[i][1]) == NULL);
        CHECK(try_array(NULL, products[i][0], products[i][1]) == NULL);
        CHECK(try_array(kept, products[i][0], products[i][1]) == NULL);
        smaller_works();
    }
    stats_check_live(&held, 0, 0);
    CHECK(pattern_intact(kept, 1000, 1));
    CHECK(pattern_intact(kept_large, 1000000, 2));

    kept = try_array(kept, 500, 4);
    CHECK(kept != NULL && pattern_intact(kept, 1000, 1));
    superslab_free(kept);
    superslab_free(kept_large);
    stats_check_returned(&before);
}
