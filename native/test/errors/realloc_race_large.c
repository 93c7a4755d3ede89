/* One thread resizes a large block in the same moment as another one frees it. One of the two is told, whichever way the
 * resizing takes: in place, by a copy, or by moving pages. No memory is accessed that the other thread has given back, and
 * no block is handed out twice. */
#include "barrier.h"
#include "block.h"
#include "check.h"
#include "extent.h"
#include "report.h"
#include "stats.h"
#include "team.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = CHECK_SCALED(600), THREADS = 2, SHORT = 300000, LONG = 9 << 20 };

static const size_t changes[][2] = {
    {SHORT, 2 * SHORT}, {2 * SHORT, SHORT}, {SHORT, 1000}, {LONG, LONG + (1 << 20)}, {LONG, SHORT},
};
enum { CHANGES = sizeof changes / sizeof *changes };

static char *block;
static barrier together = BARRIER(THREADS);
static extent extents[THREADS];

/* The other thread may have been faster: then the call itself reports, and the block it returns is none. */
static void resize_and_free(size_t size) {
    char *resized = superslab_realloc(block, size);
    if (resized == NULL)
        CHECK_EQ(errno, EINVAL);
    superslab_free(resized);
}

static void work(unsigned index, void *context) {
    (void)context;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const size_t from = changes[round % CHANGES][0], to = changes[round % CHANGES][1];
        if (index == 0) {
            block = block_new(from);
            memset(block, 'x', from < SHORT ? from : SHORT);
        }
        barrier_wait(&together);
        if (index == 0)
            resize_and_free(to);
        else
            superslab_free(block);
        barrier_wait(&together);
        extents[index] = (extent){(uintptr_t)block_new(from), from};
        memset((void *)extents[index].start, 'y', SHORT);
        barrier_wait(&together);
        if (index == 0) {
            /* A free behind one that made the block shorter may find its granules in another run. In the default build
             * a realloc may take the span of the freed block again, as what the block grows into: then none is told. */
            const unsigned told = reports_count(SUPERSLAB_ERROR_DOUBLE_FREE) +
                                  reports_count(SUPERSLAB_ERROR_UNKNOWN_POINTER);
            CHECK_THAT(told == 1 || (told == 0 && !CHECK_HARDENED), "%u told, %zu to %zu bytes",
                       told, from, to);
            CHECK_EQ(reports_take(), told);
            extents_check_disjoint(extents, THREADS);
        }
        barrier_wait(&together);
        superslab_free((void *)extents[index].start);
    }
}

int main(void) {
    if (CHECK_TSAN)
        check_skip("the race is the test's own");
    const superslab_stats before = stats_start();
    reports_start();
    team_run(THREADS, work, NULL);
    reports_expect_none();
    stats_check_returned(&before);
}
