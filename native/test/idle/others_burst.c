/* The free memory of a thread's burst goes back only with time: another thread that repeatedly takes and frees large
 * blocks gives none of it back. */
#include "check.h"
#include "stats.h"
#include "team.h"

#include <stdlib.h>

enum {
    BLOCKS = 64,
    BYTES = 4 << 20,
    OTHER_BYTES = 3 << 20,
    OPS = 20000,
};

static void burst(unsigned index, void *context) {
    void *blocks[BLOCKS];
    (void)index, (void)context;
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = superslab_malloc(BYTES)) != NULL);
    for (size_t i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
}

int main(void) {
    if (CHECK_HARDENED >= 2)
        check_skip("level 2: gaps behind large blocks become dirty with them");
    setenv("SUPERSLAB_DECAY", "1000000000", 1); /* longer than any test */
    const superslab_stats before = stats_start();
    team_run(1, burst, NULL);
    const uint64_t dirty = stats_now().dirty_bytes;
    CHECK_GE(dirty, (uint64_t)BLOCKS * BYTES);
    for (size_t i = 0; i < OPS; i++)
        superslab_free(superslab_malloc(OTHER_BYTES));
    /* The thread's own large cache does not count as dirty. */
    CHECK_EQ(stats_now().dirty_bytes + stats_now().large_bytes, dirty);
    CHECK_EQ(stats_now().given_back_bytes, before.given_back_bytes);
    superslab_trim();
    stats_check_returned(&before);
}
