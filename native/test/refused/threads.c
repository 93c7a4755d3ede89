/* System calls for memory are refused while several threads work, each time from another call on: every request is
 * served or returns NULL with ENOMEM, contents stay, and once the system no longer refuses, every request is served
 * again. */
#include "barrier.h"
#include "check.h"
#include "child.h"
#include "model.h"
#include "refuse.h"
#include "stats.h"
#include "team.h"

enum { THREADS = 3, CASES = 60 / (CHECK_SANITIZED ? 4 : 1), MAIN_TOO = THREADS + 1 };

static uint64_t seed;
static model models[THREADS];
static barrier together = BARRIER(MAIN_TOO);

/* The models go round: in the second part each thread has the blocks of another one. */
static void work(unsigned index, void *context) {
    (void)context;
    static const uint64_t steps[THREADS] = {4000, 1500, 60};
    for (unsigned part = 0; part < 2; part++) {
        barrier_wait(&together);
        const unsigned which = (index + part) % THREADS;
        model_step(&models[which], steps[which]);
        model_check(&models[which]);
        superslab_trim();
    }
    barrier_wait(&together);
    barrier_wait(&together); /* the refusals are over */
    models[index].may_fail = false;
    model_step(&models[index], steps[index]);
    model_end(&models[index]);
}

static void refused_from(void *context) {
    static const size_t size_max[THREADS] = {3000, 60000, 4 << 20};
    const unsigned first = *(const unsigned *)context;
    for (unsigned i = 0; i < THREADS; i++) {
        model_start(&models[i], seed + i + first, i == 2 ? 16 : 400, size_max[i]);
        models[i].may_fail = true;
    }
    team all;
    team_start(&all, THREADS, work, NULL);
    refuse_start(REFUSE_ALL, first, first % 2 == 1);
    for (unsigned part = 0; part < 3; part++)
        barrier_wait(&together);
    refuse_stop();
    barrier_wait(&together);
    team_join(&all);
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
    CHECK_EQ(now.live_blocks, 0);
    CHECK_EQ(now.live_bytes, 0);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    for (unsigned i = 0; i < CASES; i++) {
        unsigned first = i + i / 10 * 7;
        const child_result result = child_run(refused_from, &first);
        if (result.signal != 0 || result.code != 0)
            check_fail(__FILE__, __LINE__, "call %u%s refused: signal %d, code %d\n%s", first,
                       first % 2 == 1 ? " and all after" : "", result.signal, result.code,
                       result.text);
    }
}
