/* Random models on several threads at once; each is then handed to the next thread, which goes on
 * with blocks that another one allocated. Usage: model [seed [steps]] */
#include "model.h"

#include "check.h"
#include "stats.h"
#include "team.h"

#include <stdlib.h>

enum { THREADS = 4, ROUNDS = 4 };

static model models[THREADS];
static uint64_t steps;
static unsigned round_now;

static void work(unsigned index, void *context) {
    (void)context;
    model *mine = &models[(index + round_now) % THREADS];
    model_check(mine);
    model_step(mine, steps);
    model_check(mine);
}

int main(int argc, char **argv) {
    static const size_t size_max[] = {1024, 60000, 1 << 20};
    const uint64_t seed = check_seed(argc, argv, 42);
    steps = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)CHECK_SCALED(100000);
    const superslab_stats before = stats_start();
    for (size_t shape = 0; shape < sizeof size_max / sizeof *size_max; shape++) {
        for (unsigned i = 0; i < THREADS; i++)
            model_start(&models[i], seed + shape * THREADS + i, shape < 2 ? 1000 : 60,
                        size_max[shape]);
        for (round_now = 0; round_now < ROUNDS; round_now++)
            team_run(THREADS, work, NULL);
        for (unsigned i = 0; i < THREADS; i++)
            model_end(&models[i]);
        stats_check_returned(&before);
    }
}
