/* realloc of a pointer that is not a live block is reported like a free of it, and returns NULL. */
#include "block.h"
#include "check.h"
#include "report.h"
#include "stats.h"

#include <string.h>

static void misused(void *pointer, superslab_error error) {
    for (size_t size = 10; size < 1 << 20; size *= 40) {
        CHECK(superslab_realloc(pointer, size) == NULL);
        reports_expect(error, pointer);
    }
}

int main(void) {
    _Alignas(64) char local[128];
    memset(local, 0xFF, sizeof local);
    const superslab_stats before = stats_start();
    reports_start();
    misused(local + 64, SUPERSLAB_ERROR_UNKNOWN_POINTER);

    static const size_t sizes[] = {40, 1000, 20000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *block = block_new(sizes[i]), *freed = block_new(sizes[i]);
        memset(block, 0, sizes[i]);
        superslab_free(freed);
        misused(freed, SUPERSLAB_ERROR_DOUBLE_FREE);
        misused(block + 16, SUPERSLAB_ERROR_INSIDE_BLOCK);
        misused(block + 7, SUPERSLAB_ERROR_INSIDE_BLOCK);
        superslab_free(block);
        reports_expect_none();
    }
    char *large = block_new(3 << 20);
    misused(large + 4096, SUPERSLAB_ERROR_INSIDE_BLOCK);
    superslab_free(large);
    stats_check_returned(&before);
}
