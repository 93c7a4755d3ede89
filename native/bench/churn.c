/* churn: threads that start, allocate, and exit.
 *
 * Each worker is a lane with `slots` slots, worked on as in random-mixed, but by a new thread for
 * every 1,000 operations, started when the one before has ended. Half of the blocks a thread
 * allocates outlive it and are freed by later threads. This measures an allocator's work when threads
 * come and go: setting a heap up, giving it up, and freeing blocks of heaps whose thread has ended.
 *
 * The reports ask for thread churn without figures. 1,000 operations cost about as much as starting
 * and joining the thread does, so that both weigh; 1,024 slots make most blocks outlive their
 * thread, as a server's connections outlive the thread that accepted them. */
#include "churn.h"

#include "os/symbols_linux.h"
#include "slots.h"
#include "team.h"

#include <pthread.h>

enum { BENCH_CHURN_OPS = 1000 /* of each thread */ };

typedef struct bench_generation {
    bench_slots slots;
    uint64_t ops;
    const char *error;
} bench_generation;

static void *bench_generation_main(void *argument) {
    bench_generation *generation = argument;
    generation->error = bench_slots_run(&generation->slots, generation->ops);
    return NULL;
}

static void bench_churn_timed(bench_worker *worker) {
    const uint64_t ops = worker->params->ops;
    bench_generation generation = {
        .slots =
            bench_slots_start(worker->allocator, worker->params, worker->memory, worker->index),
    };
    while (worker->ops < ops && worker->error == NULL) {
        const uint64_t left = ops - worker->ops;
        generation.ops = left < BENCH_CHURN_OPS ? left : BENCH_CHURN_OPS;
        pthread_t thread;
        if (pthread_create(&thread, NULL, bench_generation_main, &generation) != 0) {
            worker->error = "a thread could not be started";
            break;
        }
        pthread_join(thread, NULL);
        worker->error = generation.error;
        worker->ops += generation.ops;
    }
    worker->checksum = generation.slots.checksum;
}

static void bench_churn_drain(bench_worker *worker) {
    bench_slots slots =
        bench_slots_start(worker->allocator, worker->params, worker->memory, worker->index);
    const char *error = bench_slots_drain(&slots);
    if (worker->error == NULL)
        worker->error = error;
}

bench_result bench_churn(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {
        .memory_bytes = params->slots * sizeof(bench_block),
        .timed = bench_churn_timed,
        .drain = bench_churn_drain,
    };
    return bench_team_run(allocator, params, &job, NULL);
}
