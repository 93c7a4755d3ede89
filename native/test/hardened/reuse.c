/* A freed block is not the next one. Level 2: it is zero, and a write to it is seen when it is handed out again. */
#include "block.h"
#include "check.h"
#include "report.h"
#include "stats.h"

#include <string.h>

static const size_t sizes[] = {8, 24, 100, 128, 1000, 1500, 4096, 8000, 40000};

static void comes_late(size_t size) {
    /* The second block may come after an exchange of the bin and its outlet, which gives the last block a random place. */
    enum { TRIES = 100, SAME_MOST = 10 };
    unsigned same = 0;
    for (unsigned i = 0; i < TRIES; i++) {
        void *first = block_new(size);
        const uintptr_t was = (uintptr_t)first;
        superslab_free(first);
        void *second = block_new(size);
        same += (uintptr_t)second == was;
        superslab_free(second);
    }
    CHECK_LE(same, SAME_MOST);
}

/* The number of allocations, at most `most`, until the address is handed out again. */
static unsigned rounds_until(uintptr_t address, size_t size, unsigned most) {
    unsigned rounds = 1;
    for (; rounds < most; rounds++) {
        void *block = block_new(size);
        const bool is = (uintptr_t)block == address;
        superslab_free(block);
        if (is)
            break;
    }
    return rounds;
}

static void written_after_free(size_t size, size_t at) {
    enum { MOST = 100000 };
    volatile char *block = block_new(size);
    superslab_free((void *)block);
    block[at] = 'A';
    CHECK_LT(rounds_until((uintptr_t)block, size, MOST), MOST);
    /* Of the byte that was written, or of the block where malloc's cold path has seen it. */
    const uintptr_t pointer = reports_pointer();
    CHECK_THAT(pointer == (uintptr_t)block || pointer == (uintptr_t)block + at,
               "%zu bytes, at %zu, reported %td bytes from the start", size, at,
               (ptrdiff_t)(pointer - (uintptr_t)block));
    reports_expect(SUPERSLAB_ERROR_USE_AFTER_FREE, (const void *)pointer);
}

static void is_zero(size_t size) {
    char *block = block_new(size);
    const size_t scrubbed = size <= 61 || (size >= 1100 && size < 8900) ? size : 64;
    memset(block, 'x', size);
    superslab_free(block);
    for (size_t i = 0; i < scrubbed; i++)
        CHECK_EQ(((volatile char *)block)[i], 0);
}

int main(void) {
    superslab_free(block_new(1));
    reports_start();
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        comes_late(sizes[i]);
        if (CHECK_HARDENED >= 2) {
            is_zero(sizes[i]);
            written_after_free(sizes[i], 0);
            written_after_free(sizes[i], sizes[i] < 64 ? sizes[i] - 1 : 63);
        }
    }
    comes_late(256 << 10);
    reports_expect_none();
    stats_check_returned(&before);
}
