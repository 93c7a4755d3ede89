/* Long random runs against a shadow. Usage: model [seed [steps]] */
#include "model.h"

#include "check.h"
#include "stats.h"

#include <stdlib.h>

int main(int argc, char **argv) {
    static const struct {
        size_t slots, size_max;
        unsigned share; /* of the steps, in percent */
    } shapes[] = {{4000, 64, 20},
                  {3000, 2048, 30},
                  {1000, 64 << 10, 30},
                  {200, 1 << 20, 15},
                  {24, 16 << 20, 5}};
    const uint64_t seed = check_seed(argc, argv, 42);
    const uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)CHECK_SCALED(500000);
    const superslab_stats before = stats_start();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        model shadow;
        model_start(&shadow, seed + i, shapes[i].slots, shapes[i].size_max);
        for (unsigned part = 0; part < 4; part++) {
            model_step(&shadow, steps * shapes[i].share / 400);
            model_check(&shadow);
            superslab_trim();
            model_check(&shadow);
        }
        model_end(&shadow);
        stats_check_returned(&before);
    }
}
