/* Without a scavenger (SUPERSLAB_DECAY=-1) threads grant samples on their cold paths, and never
 * more than the rate allows. */
#include "check.h"
#include "guard.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int main(void) {
    const uint64_t begin = nanoseconds();
    guard_begin(100);
    setenv("SUPERSLAB_DECAY", "-1", 1);
    for (unsigned round = 0; round < 20; round++) {
        void *blocks[600]; /* more than a bin holds */
        bool found = false;
        while (!found) {
            for (unsigned i = 0; i < 600; i++) {
                blocks[i] = superslab_malloc(64);
                memset(blocks[i], 1, 64);
                found |= guard_has(blocks[i]);
            }
            for (unsigned i = 0; i < 600; i++)
                superslab_free(blocks[i]);
        }
    }
    CHECK_GE(stats_now().guard_samples, 20);
    CHECK_LE(stats_now().guard_samples, 1 + (nanoseconds() - begin) / 10000000);
    CHECK_EQ(stats_now().guarded_blocks, 0);
}
