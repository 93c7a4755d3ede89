/* Threads that work, doze and end, while the background thread parks and relieves those that doze: with its shortest
 * ticks every interleaving of a park with a wake, a cold path and an end occurs. */
#include "background.h"
#include "check.h"
#include "model.h"
#include "stats.h"
#include "team.h"

#include <stdlib.h>

enum { LANES = 6, THREADS = CHECK_SCALED(40), DOZES = 3 };

static uint64_t seed;

static void live(unsigned index, void *context) {
    const uintptr_t number = (uintptr_t)context * LANES + index;
    model shadow;
    model_start(&shadow, seed + number, 300, number % 3 == 0 ? 100000 : 3000);
    for (unsigned i = 0; i < DOZES; i++) {
        model_step(&shadow, 2000);
        wait_idle(10 * (number % 8)); /* some are seen asleep, some end while they are */
    }
    model_end(&shadow);
}

static void lane(unsigned index, void *context) {
    (void)context;
    for (uintptr_t i = 0; i < THREADS / LANES + 1; i++)
        team_run(1, live, (void *)(i * LANES + index));
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    setenv("SUPERSLAB_DECAY", "0", 1);
    const superslab_stats before = stats_start();
    team_run(LANES, lane, NULL);
    stats_check_returned(&before);
    wait_until(scavenger_gives_back);
}
