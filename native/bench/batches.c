/* batches: some threads allocate, others free, and blocks are passed on by the thousand.
 *
 * Threads 2i fill batches of `slots` blocks; each thread 2i+1 frees any batch that is ready. There are twice as
 * many batches as threads; a thread that finds none ready sleeps. Memory flows one way, in quantities that no
 * thread cache holds: each block goes back to the allocator's shared part and comes from there again. An
 * allocator with a central list moves every block through it twice, under its lock.
 *
 * The pattern is that of Lever and Boreham's malloc-test ("malloc() Performance in a Multithreaded Linux
 * Environment", 2000) as the public suites have it: 4,096 blocks of 64 bytes. `handoff-pairs` passes single
 * blocks in order. */
#include "batches.h"

#include "block.h"
#include "platform.h"
#include "random.h"
#include "team.h"

#include <pthread.h>

typedef struct bench_batch {
    struct bench_batch *next;
    bench_block *blocks; /* `slots` of them */
    size_t count;        /* of those, in use */
} bench_batch;

typedef struct bench_batches_run {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bench_batch *ready, *empty;
    unsigned makers; /* threads that still allocate */
    bool failed;     /* a thread gave up: the others must not wait for it */
} bench_batches_run;

/* NULL when no further batch will come. */
static bench_batch *batch_pop(bench_batches_run *run, bench_batch **list) {
    pthread_mutex_lock(&run->lock);
    while (*list == NULL && !run->failed && !(list == &run->ready && run->makers == 0))
        pthread_cond_wait(&run->changed, &run->lock);
    bench_batch *batch = run->failed ? NULL : *list;
    if (batch != NULL)
        *list = batch->next;
    pthread_mutex_unlock(&run->lock);
    return batch;
}

static void batch_push(bench_batches_run *run, bench_batch **list, bench_batch *batch) {
    pthread_mutex_lock(&run->lock);
    batch->next = *list;
    *list = batch;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

/* A maker has made all its batches, or a thread has failed. */
static void run_leave(bench_batches_run *run, bool maker, bool failed) {
    pthread_mutex_lock(&run->lock);
    run->makers -= maker;
    run->failed |= failed;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

static const char *batch_fill(bench_batch *batch, bench_worker *worker, bench_random *random,
                              size_t count) {
    const bench_allocator allocator = *worker->allocator;
    const size_t min = worker->params->size_min, span = worker->params->size_max - min + 1;
    for (batch->count = 0; batch->count < count; batch->count++) {
        const uint64_t draw = bench_random_next(random);
        if (!bench_block_take(&batch->blocks[batch->count], &allocator,
                              min + bench_random_lower(draw, span), (uint32_t)draw))
            return BENCH_ERROR_MEMORY;
    }
    return NULL;
}

/* Each batch has a checksum of its own; the sum of all does not depend on which thread frees which batch. */
static const char *batch_empty(bench_batch *batch, const bench_allocator *named,
                               uint64_t *checksum) {
    const bench_allocator allocator = *named;
    uint64_t own = 0;
    bool intact = true;
    for (size_t i = 0; i < batch->count; i++) {
        own = bench_checksum_add(own, &batch->blocks[i]);
        intact &= bench_block_give(&batch->blocks[i], &allocator);
    }
    *checksum += own;
    batch->count = 0;
    return intact ? NULL : BENCH_ERROR_CONTENTS;
}

static void batches_make(bench_worker *worker, bench_batches_run *run) {
    bench_random random = bench_random_start(worker->params->seed, worker->index);
    while (worker->error == NULL && worker->ops < worker->params->ops) {
        bench_batch *batch = batch_pop(run, &run->empty);
        if (batch == NULL)
            break;
        const uint64_t left = worker->params->ops - worker->ops;
        const size_t count = left < worker->params->slots ? (size_t)left : worker->params->slots;
        worker->error = batch_fill(batch, worker, &random, count);
        worker->ops += batch->count;
        batch_push(run, &run->ready, batch);
    }
}

static void batches_free(bench_worker *worker, bench_batches_run *run) {
    bench_batch *batch;
    while (worker->error == NULL && (batch = batch_pop(run, &run->ready)) != NULL) {
        worker->ops += batch->count;
        worker->error = batch_empty(batch, worker->allocator, &worker->checksum);
        batch_push(run, &run->empty, batch);
    }
}

static void bench_batches_timed(bench_worker *worker) {
    bench_batches_run *run = worker->shared;
    const bool maker = worker->index % 2 == 0;
    if (maker)
        batches_make(worker, run);
    else
        batches_free(worker, run);
    run_leave(run, maker, worker->error != NULL);
}

bench_result bench_batches(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {.timed = bench_batches_timed};
    const unsigned count = params->threads * 2;
    const size_t batch_bytes = params->slots * sizeof(bench_block);
    const size_t bytes = count * (sizeof(bench_batch) + batch_bytes);
    unsigned char *pages = bench_pages_take(bytes);
    if (pages == NULL)
        return (bench_result){.error = BENCH_ERROR_BOOKKEEPING};
    bench_batches_run run = {.makers = params->threads / 2};
    for (unsigned i = 0; i < count; i++) {
        bench_batch *batch = (bench_batch *)(void *)(pages + i * sizeof(bench_batch));
        batch->blocks =
            (bench_block *)(void *)(pages + count * sizeof(bench_batch) + i * batch_bytes);
        batch->next = run.empty;
        run.empty = batch;
    }
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.changed, NULL);
    bench_result result = bench_team_run(allocator, params, &job, &run);
    pthread_cond_destroy(&run.changed);
    pthread_mutex_destroy(&run.lock);
    /* Left by a run that failed. */
    uint64_t checksum = 0;
    for (bench_batch *batch = run.ready; batch != NULL; batch = batch->next)
        batch_empty(batch, allocator, &checksum);
    bench_pages_give(pages, bytes);
    return result;
}
