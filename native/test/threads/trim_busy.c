/* trim, statistics, prewarming and inspection go on while other threads work. */
#include "check.h"
#include "model.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum { WORKERS = 3, STEPS = CHECK_SCALED(250000) };

static atomic_uint working = WORKERS;
static uint64_t seed;

static void trim_until_done(void) {
    while (atomic_load(&working) > 0) {
        superslab_trim();
        const superslab_stats now = stats_now();
        CHECK_LE(now.committed_bytes, now.reserved_bytes);
        superslab_prewarm(300, 20);
        superslab_inspection found;
        superslab_inspect((uintptr_t)&found, &found);
        CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_FOREIGN);
    }
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index == WORKERS) {
        trim_until_done();
        return;
    }
    model shadow;
    model_start(&shadow, seed + index, index == 0 ? 2000 : 300, index == 0 ? 2000 : 100000);
    model_step(&shadow, index == 0 ? STEPS : STEPS / 8);
    model_end(&shadow);
    atomic_fetch_sub(&working, 1);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    team_run(WORKERS + 1, work, NULL);
    stats_check_returned(&before);
}
