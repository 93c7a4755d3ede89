/* pipeline: a burst of work on a pool of threads, then idling.
 *
 * Each operation allocates one block, writes all of it, and frees the blocks that are due: a block
 * lives for 1 to `slots` operations of its thread. A tenth of the blocks is freed by the next thread,
 * which gets them through a mailbox. Sizes are log-uniform: as many blocks between 1 and 2 KiB as
 * between 1 and 2 MiB, so nearly all the bytes are in few large blocks and nearly all the calls are for
 * small ones. Then all threads wait on a condition variable, without freeing their live blocks. The memory that
 * an allocator keeps beyond those is read after two seconds; then all is freed, and the memory is read once
 * more.
 *
 * A process that decodes images, compresses answers or parses documents on a pool looks like this, and
 * shows why the memory of a service does not shrink. */
#include "pipeline.h"

#include "block.h"
#include "logarithmic.h"
#include "platform.h"
#include "random.h"
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    BENCH_MAIL_COUNT = 64, /* blocks; when the reader is behind, the writer frees them itself */
    BENCH_SETTLE_MILLISECONDS = 2000
};

/* From one thread to the next. */
typedef struct bench_mailbox {
    _Alignas(
        128) _Atomic(uint32_t) written;   /* stored by the writer (release), read by the reader */
    _Alignas(128) _Atomic(uint32_t) read; /* stored by the reader (release), read by the writer */
    bench_block blocks[BENCH_MAIL_COUNT];
} bench_mailbox;

/* Shared by all threads. */
typedef struct bench_pipeline_run {
    _Atomic(uint64_t) live; /* bytes; every thread adds and subtracts, only the sum matters */
    pthread_mutex_t lock;
    pthread_cond_t turned;
    unsigned step, arrived;
    bench_mailbox *mailboxes; /* one for each thread, with the blocks from the thread before */
} bench_pipeline_run;

/* A block waits in the place of the operation in which it is to be freed, as one of a list. */
typedef struct bench_pending {
    bench_block block;
    uint32_t next; /* + 1 */
} bench_pending;

static uint32_t *places_of(const bench_worker *worker) {
    return worker->memory;
}

static bench_pending *pending_of(const bench_worker *worker) {
    /* At most one block is allocated an operation, so at most slots + 1 wait. */
    return (bench_pending *)(void *)(places_of(worker) + ((worker->params->slots + 2) & ~1u));
}

static size_t memory_bytes(const bench_params *params) {
    return ((params->slots + 2) & ~(size_t)1) * sizeof(uint32_t) +
           (params->slots + 1) * sizeof(bench_pending);
}

static void give(bench_worker *worker, bench_pipeline_run *run, bench_block *block) {
    atomic_fetch_sub_explicit(&run->live, block->size, memory_order_relaxed);
    if (!bench_block_give(block, worker->allocator))
        worker->error = BENCH_ERROR_CONTENTS;
}

static void mail_read(bench_worker *worker, bench_pipeline_run *run) {
    bench_mailbox *box = &run->mailboxes[worker->index];
    uint32_t read = atomic_load_explicit(&box->read, memory_order_relaxed);
    /* Acquire: the blocks and their bytes were written before. */
    while (read != atomic_load_explicit(&box->written, memory_order_acquire)) {
        give(worker, run, &box->blocks[read++ % BENCH_MAIL_COUNT]);
        atomic_store_explicit(&box->read, read, memory_order_release);
    }
}

static bool mail_write(bench_worker *worker, bench_pipeline_run *run, const bench_block *block) {
    bench_mailbox *box = &run->mailboxes[(worker->index + 1) % worker->params->threads];
    uint32_t written = atomic_load_explicit(&box->written, memory_order_relaxed);
    if (written - atomic_load_explicit(&box->read, memory_order_acquire) == BENCH_MAIL_COUNT)
        return false;
    box->blocks[written % BENCH_MAIL_COUNT] = *block;
    atomic_store_explicit(&box->written, written + 1, memory_order_release);
    return true;
}

static void free_due(bench_worker *worker, bench_pipeline_run *run, uint64_t operation) {
    bench_pending *pending = pending_of(worker);
    uint32_t *place = &places_of(worker)[operation % (worker->params->slots + 1)];
    for (uint32_t at = *place; at != 0; at = pending[at - 1].next) {
        bench_block *block = &pending[at - 1].block;
        if ((block->tag >> 8) % 10 != 0 || worker->params->threads == 1 ||
            !mail_write(worker, run, block))
            give(worker, run, block);
        block->start = NULL;
    }
    *place = 0;
}

static void bench_pipeline_timed(bench_worker *worker) {
    bench_pipeline_run *run = worker->shared;
    const bench_params *params = worker->params;
    const bench_logarithmic sizes = bench_logarithmic_of(params->size_min, params->size_max);
    bench_random random = bench_random_start(params->seed, worker->index);
    bench_pending *pending = pending_of(worker);
    const uint32_t count = (uint32_t)params->slots + 1;
    for (uint64_t i = 0; i < params->ops && worker->error == NULL; i++) {
        mail_read(worker, run);
        free_due(worker, run, i);
        /* The free place after this operation's own: one block is allocated for each freed one. */
        uint32_t at = (uint32_t)(i % count);
        while (pending[at].block.start != NULL)
            at = (at + 1) % count;
        const size_t size = bench_logarithmic_draw(&sizes, bench_random_next(&random));
        const uint64_t draw = bench_random_next(&random);
        bench_block *block = &pending[at].block;
        if (!bench_block_take(block, worker->allocator, size, (uint32_t)draw)) {
            worker->error = BENCH_ERROR_MEMORY;
            return;
        }
        memset(block->start, (int)(draw & 0xff), size);
        const uint64_t live =
            size + atomic_fetch_add_explicit(&run->live, size, memory_order_relaxed);
        if (live > worker->seen.peak_live)
            worker->seen.peak_live = live;
        worker->checksum = bench_checksum_add(worker->checksum, block);
        uint32_t *place =
            &places_of(worker)[(i + 1 + bench_random_upper(draw, params->slots)) % count];
        pending[at].next = *place;
        *place = at + 1;
    }
    worker->ops = params->ops * 2;
}

/* Thread 0 continues when the time is up, and then lets the others continue. */
static void bench_settle(bench_worker *worker, bench_pipeline_run *run, unsigned step) {
    pthread_mutex_lock(&run->lock);
    run->arrived++;
    pthread_cond_broadcast(&run->turned);
    if (worker->index == 0) {
        while (run->arrived < worker->params->threads)
            pthread_cond_wait(&run->turned, &run->lock);
        run->arrived = 0;
        pthread_mutex_unlock(&run->lock);
        bench_idle(BENCH_SETTLE_MILLISECONDS);
        if (step == 1) {
            worker->seen.live = atomic_load_explicit(&run->live, memory_order_relaxed);
            worker->seen.idle_rss = bench_resident_bytes();
        } else {
            worker->seen.freed_rss = bench_resident_bytes();
        }
        pthread_mutex_lock(&run->lock);
        run->step = step;
        pthread_cond_broadcast(&run->turned);
    }
    while (run->step < step)
        pthread_cond_wait(&run->turned, &run->lock);
    pthread_mutex_unlock(&run->lock);
}

static void bench_pipeline_drain(bench_worker *worker) {
    bench_pipeline_run *run = worker->shared;
    bench_settle(worker, run, 1);
    mail_read(worker, run);
    for (size_t i = 0; i <= worker->params->slots; i++) {
        bench_block *block = &pending_of(worker)[i].block;
        if (block->start != NULL)
            give(worker, run, block);
    }
    bench_settle(worker, run, 2);
}

bench_result bench_pipeline(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {
        .memory_bytes = memory_bytes(params),
        .timed = bench_pipeline_timed,
        .drain = bench_pipeline_drain,
    };
    bench_pipeline_run run = {
        .mailboxes = bench_pages_take(sizeof(bench_mailbox) * params->threads),
    };
    if (run.mailboxes == NULL)
        return (bench_result){.error = BENCH_ERROR_BOOKKEEPING};
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.turned, NULL);
    const bench_result result = bench_team_run(allocator, params, &job, &run);
    pthread_cond_destroy(&run.turned);
    pthread_mutex_destroy(&run.lock);
    bench_pages_give(run.mailboxes, sizeof(bench_mailbox) * params->threads);
    return result;
}
