/* A double free that only the flush of a sleeping thread's bin can notice is reported, once, by the next
 * thread that takes a cold path: the background thread must not run the program's error handler. */
#include "background.h"
#include "check.h"
#include "membarrier.h"
#include "stats.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 1000, MUCH = 16 << 20 };

static atomic_uint reports;
static pthread_t reporter;

static void count_report(superslab_error error, const void *pointer, void *context) {
    (void)pointer, (void)context;
    CHECK_EQ(error, SUPERSLAB_ERROR_DOUBLE_FREE);
    reporter = pthread_self();
    atomic_fetch_add(&reports, 1);
}

static bool bins_are_empty(void) {
    return stats_now().cached_blocks == 0;
}

int main(void) {
    if (!membarrier_available())
        check_skip(
            "the system has no private expedited membarrier: sleeping threads keep their bins");
    setenv("SUPERSLAB_DECAY", "40", 1);
    superslab_set_error_handler(count_report, NULL);
    unsigned char *block = superslab_malloc(BYTES);
    CHECK(block != NULL);
    volatile unsigned char *header = (volatile unsigned char *)((uintptr_t)block - 1);
    const unsigned char live = *header;
    superslab_free(block);
    *header = live; /* what a stray write of the right byte does: the hot free lets it pass */
    superslab_free(block);
    if (CHECK_HARDENED) { /* the code before the header tells it at once */
        CHECK_EQ(atomic_load(&reports), 1);
        CHECK(pthread_equal(reporter, pthread_self()));
        return 0;
    }
    superslab_free(superslab_malloc(MUCH)); /* reason for the thread to start */
    CHECK_EQ(atomic_load(&reports), 0);
    wait_until(bins_are_empty);
    CHECK_EQ(atomic_load(&reports), 0);
    superslab_free(superslab_malloc(MUCH));
    CHECK_EQ(atomic_load(&reports), 1);
    CHECK(pthread_equal(reporter, pthread_self()));
    superslab_trim();
    CHECK_EQ(atomic_load(&reports), 1);
}
