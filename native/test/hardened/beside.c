/* A free compares what lies beside the block (level 2), while other threads allocate, fill, resize and free the neighbours:
 * none of that is reported. Each thread frees blocks of all others. */
#include "block.h"
#include "check.h"
#include "report.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <string.h>

enum { THREADS = 4, SLOTS = 256, STEPS = CHECK_SCALED(300000), EACH_FREES = 64 };

/* Of classes that are scrubbed as a whole, so that each free compares: strides of 32, 48, 64 and 4,112 bytes. */
static const size_t sizes[] = {8, 24, 40, 56, 4000, 4096};

static _Atomic(char *) slots[SLOTS];

static uint32_t next(uint32_t *state) {
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return *state >> 8;
}

static void work(unsigned index, void *context) {
    (void)context;
    uint32_t state = index + 1;
    for (unsigned i = 0; i < STEPS; i++) {
        const size_t size = sizes[next(&state) % (sizeof sizes / sizeof *sizes)];
        char *block = NULL;
        if (next(&state) % 2 == 0) {
            block = block_new(size);
            memset(block, 0x55, size);
        }
        char *old = atomic_exchange(&slots[next(&state) % SLOTS], block);
        if (old != NULL && next(&state) % 4 == 0) /* in place, mostly */
            old = block_resize(old, superslab_usable_size(old) - 1);
        superslab_free(old);
        if (i % (STEPS / EACH_FREES + 1) ==
            0) /* its bins go back to the slabs, of which others may take */
            superslab_trim();
    }
}

int main(void) {
    const superslab_stats before = stats_start();
    reports_start();
    team_run(THREADS, work, NULL);
    for (unsigned i = 0; i < SLOTS; i++)
        superslab_free(atomic_load(&slots[i]));
    reports_expect_none();
    stats_check_returned(&before);
}
