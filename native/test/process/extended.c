/* A space whose addresses are used up gets as many again after them, so that all of its blocks stay in the first space
 * of their kind: the one that the hot paths and the look-ups find first. */
#include "block.h"
#include "check.h"
#include "stats.h"

enum { SMALL_BYTES = 65000, SMALLS = 20000, LARGE_BYTES = 700 << 20, LARGES = 6 };

static uint64_t distance(const void *a, const void *b) {
    return a < b ? (uintptr_t)b - (uintptr_t)a : (uintptr_t)a - (uintptr_t)b;
}

/* They are not touched. The blocks before the last stay where they were, and are known. */
static void check_row(void **blocks, size_t count, size_t bytes) {
    const superslab_stats before = stats_now();
    for (size_t i = 0; i < count; i++) {
        blocks[i] = block_new(bytes);
        CHECK_LE(distance(blocks[i], blocks[0]), 2 * count * bytes);
    }
    const superslab_stats now = stats_now();
    CHECK_GT(now.reserved_bytes, before.reserved_bytes);
    CHECK_LE(now.reserved_bytes - before.reserved_bytes, 4 * count * bytes);
    for (size_t i = 0; i < count; i++) {
        superslab_inspection found;
        superslab_inspect((uintptr_t)blocks[i], &found);
        CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_LIVE);
        superslab_free(blocks[i]);
    }
}

int main(void) {
    static void *blocks[SMALLS];
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("under a sanitizer or an emulator all may be reserved at once");
    superslab_free(block_new(100));
    check_row(blocks, SMALLS, SMALL_BYTES);
    check_row(blocks, LARGES, LARGE_BYTES);
    CHECK_EQ(stats_now().live_blocks, 0);
}
