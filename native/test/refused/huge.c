/* Memory that grows by huge pages while each call of madvise is refused in turn: blocks keep their contents, statistics
 * are exact, and all memory can be freed. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "pattern.h"
#include "refuse.h"
#include "stats.h"

#include "space/registry.h"

#include <stdlib.h>
#include <unistd.h>

/* Hardened, there are no huge pages, but each slab makes such calls when it is opened: one in 16 of them is refused. */
enum {
    BYTES = 4000,
    COUNT = 8000,
    STEP = CHECK_HARDENED                      ? 16
           : CHECK_SANITIZED || CHECK_EMULATED ? 4
                                               : 1
};

static void *blocks[COUNT];

/* What SUPERSLAB_LIMIT counts is what is used or dirty. */
static void check_charge(void) {
    size_t granules = 0;
    for (uint32_t i = 0; i < ss_space_internal_count(); i++) {
        ss_space *space = ss_space_internal(i);
        ss_space_lock(space);
        granules += space->used_granules + space->dirty_granules;
        ss_space_unlock(space);
    }
    CHECK_EQ(atomic_load(&ss_registry->charged_bytes), granules << SS_GRANULE_SHIFT);
}

/* Exits with 2 when there was no such call. */
static void refused_once(void *context) {
    const unsigned first = *(const unsigned *)context;
    const superslab_stats before = stats_start();
    refuse_start(REFUSE_MADVISE, first, false);
    for (size_t i = 0; i < COUNT; i++)
        pattern_fill(blocks[i] = block_new(BYTES), BYTES, i);
    for (size_t i = 0; i < COUNT; i += 2) {
        superslab_free(blocks[i]);
        blocks[i] = NULL;
    }
    superslab_trim();
    stats_check_live(&before, COUNT / 2, stats_now().live_bytes - before.live_bytes);
    const unsigned calls = refuse_stop();
    for (size_t i = 1; i < COUNT; i += 2) {
        CHECK_THAT(pattern_intact(blocks[i], BYTES, i), "block %zu", i);
        superslab_free(blocks[i]);
    }
    superslab_trim();
    stats_check_returned(&before);
    CHECK_EQ(stats_now().dirty_bytes, 0);
    check_charge();
    if (calls <= first)
        _exit(2);
}

int main(void) {
    /* Without it, the background thread's calls would change which call is the n-th. */
    setenv("SUPERSLAB_DECAY", "-1", 1);
    setenv("SUPERSLAB_LIMIT", "1G", 1);
    for (unsigned first = 0;; first += STEP) {
        const child_result result = child_run(refused_once, &first);
        if (result.signal == 0 && result.code == 2)
            return first > 0 ? 0 : 1;
        if (result.signal != 0 || result.code != 0)
            check_fail(__FILE__, __LINE__, "call %u refused: signal %d, code %d\n%s", first,
                       result.signal, result.code, result.text);
    }
}
