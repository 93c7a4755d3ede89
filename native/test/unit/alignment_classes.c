/* An aligned request gets the smallest stride that holds it and is a multiple of its alignment. Strides rise by 16 to
 * 256, then in eight steps a doubling. Where none fits, the request gets whole granules. A request of no bytes has none. */
#include "block.h"
#include "check.h"
#include "stats.h"

enum { STRIDE_MAX = 65536, GRANULE = 65536, NEAR = 2 };

static size_t next_stride(size_t stride) {
    size_t step = 16;
    while (stride >= step * 16)
        step *= 2;
    return stride + step;
}

static size_t expected(size_t alignment, size_t size) {
    size_t stride = 16;
    while (stride < size || stride % alignment != 0) {
        if (stride >= STRIDE_MAX)
            return (size + GRANULE - 1) / GRANULE * GRANULE;
        stride = next_stride(stride);
    }
    return stride;
}

static void check_one(size_t alignment, size_t size) {
    void *block = block_new_aligned(alignment, size);
    const size_t most = size == 0 || CHECK_HARDENED ? size : expected(alignment, size);
    CHECK_THAT(superslab_usable_size(block) == most, "%zu bytes at %zu: %zu instead of %zu", size,
               alignment, superslab_usable_size(block), most);
    superslab_free_aligned_sized(block, alignment, size);
}

int main(void) {
    const superslab_stats before = stats_start();
    for (size_t alignment = 32; alignment <= STRIDE_MAX; alignment *= 2) {
        for (size_t stride = 16; stride <= STRIDE_MAX; stride = next_stride(stride)) {
            for (size_t size = stride - NEAR; size <= stride + NEAR; size++)
                check_one(alignment, size);
        }
        for (size_t size = 0; size <= 600; size++)
            check_one(alignment, size);
    }
    stats_check_returned(&before);
}
