/* SUPERSLAB_DECAY=-1: no thread, and only trim gives back. */
#include "background.h"
#include "check.h"
#include "stats.h"

#include <stdlib.h>

enum { BLOCKS = 64, BYTES = 1 << 20, KEPT = 8 << 20 };

int main(void) {
    void *blocks[BLOCKS];
    scavenger_must_be_visible();
    setenv("SUPERSLAB_DECAY", "-1", 1);
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = superslab_malloc(BYTES)) != NULL);
    for (size_t i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    CHECK(scavenger_is_gone());
    CHECK_GT(stats_now().dirty_bytes, KEPT);
    superslab_trim();
    CHECK_EQ(stats_now().dirty_bytes, 0);
    CHECK(scavenger_is_gone());
}
