/* Every block is freed by another thread than its allocating one.
 *
 * handoff: a ring. Every thread allocates for the next and frees the blocks of the one before, as the
 * stages of a pipeline do.
 * handoff-pairs: of threads 2i and 2i+1 the first only allocates and the second only frees, the way
 * a reader thread feeds a worker. Memory flows one way: no thread's cache refills itself from its
 * own frees.
 * The ring has the plain name because it is harder for the other allocators. Under glibc the pairs take
 * seven times the ring's time: both threads of a pair want one arena's lock at nearly every operation.
 *
 * A thread of the ring is at most `slots` blocks (rounded up to a power of two) ahead of what it has
 * freed. Without that bound the number of blocks in the queues would be what the first thread had made
 * before the others started, and the same program would run at one of two speeds. Each pair or neighbour
 * has a queue of twice as many. In a ring of more than two threads a queue can fill up: a thread may make
 * a block for each that it has freed, so a slow thread may be sent the lead of all the others together.
 * The ring cannot deadlock. A thread that cannot make reads, so a full queue is read. If all threads
 * waited for input, each would have made at least one block more than the one before it.
 * A thread that cannot go on spins a little, then yields: no futex in the loop. The reports speak of
 * remote frees in their 8-52 KiB pool and give no figures for small blocks; sizes are random-mixed's.
 * 4,096 blocks are 2 MiB, more than any allocator's thread cache: with 1,024 the blocks go round in
 * the caches, and peak memory says more about a program's fixed costs than about its blocks. */
#include "handoff.h"

#include "block.h"
#include "platform.h"
#include "queue.h"
#include "random.h"
#include "team.h"

enum { BENCH_HANDOFF_SPINS = 64 /* before a yield: about a microsecond */ };

typedef struct bench_handoff_shared {
    bench_queue *queues; /* queue i: written by thread i, or by thread 2i of pairs */
    atomic_bool failed;  /* a thread gave up: the others must not wait for it */
} bench_handoff_shared;

/* The state of a running thread. */
typedef struct bench_handoff_end {
    bench_worker *worker;
    bench_handoff_shared *shared;
    bench_random random;
    unsigned spins;
} bench_handoff_end;

static bench_handoff_end bench_handoff_end_of(bench_worker *worker) {
    return (bench_handoff_end){
        .worker = worker,
        .shared = worker->shared,
        .random = bench_random_start(worker->params->seed, worker->index),
    };
}

static void bench_handoff_fail(bench_handoff_end *end, const char *error) {
    end->worker->error = error;
    /* Relaxed: the flag asks threads to stop, and publishes nothing else. */
    atomic_store_explicit(&end->shared->failed, true, memory_order_relaxed);
}

/* Waits a moment; false when there is nothing left to wait for. */
static bool bench_handoff_wait(bench_handoff_end *end) {
    if (++end->spins % BENCH_HANDOFF_SPINS == 0)
        bench_yield();
    else
        bench_relax();
    return !atomic_load_explicit(&end->shared->failed, memory_order_relaxed);
}

static bool bench_handoff_make(bench_handoff_end *end, bench_block *block) {
    const bench_params *params = end->worker->params;
    const uint64_t draw = bench_random_next(&end->random);
    const size_t span = params->size_max - params->size_min + 1;
    const size_t size = params->size_min + bench_random_lower(draw, span);
    if (bench_block_take(block, end->worker->allocator, size, (uint32_t)draw))
        return true;
    bench_handoff_fail(end, BENCH_ERROR_MEMORY);
    return false;
}

/* The checksum is of the blocks as they arrive, so it covers the whole way. */
static bool bench_handoff_end_block(bench_handoff_end *end, bench_block *block) {
    end->worker->checksum = bench_checksum_add(end->worker->checksum, block);
    if (bench_block_give(block, end->worker->allocator))
        return true;
    bench_handoff_fail(end, BENCH_ERROR_CONTENTS);
    return false;
}

static void bench_handoff_write(bench_handoff_end *end, bench_queue *queue, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        bench_block *block;
        while ((block = bench_queue_back(queue)) == NULL)
            if (!bench_handoff_wait(end))
                return;
        if (!bench_handoff_make(end, block))
            return;
        bench_queue_push(queue);
        end->worker->ops++;
    }
    bench_queue_publish(queue);
}

static void bench_handoff_read(bench_handoff_end *end, bench_queue *queue, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        bench_block *block;
        while ((block = bench_queue_front(queue)) == NULL)
            if (!bench_handoff_wait(end))
                return;
        end->worker->ops++;
        if (!bench_handoff_end_block(end, block))
            return;
        bench_queue_pop(queue);
    }
}

static void bench_handoff_pairs_timed(bench_worker *worker) {
    bench_handoff_end end = bench_handoff_end_of(worker);
    bench_queue *queue = &end.shared->queues[worker->index / 2];
    if (worker->index % 2 == 0)
        bench_handoff_write(&end, queue, worker->params->ops);
    else
        bench_handoff_read(&end, queue, worker->params->ops);
}

static void bench_handoff_ring_timed(bench_worker *worker) {
    const unsigned threads = worker->params->threads;
    bench_handoff_end end = bench_handoff_end_of(worker);
    bench_queue *out = &end.shared->queues[worker->index];
    bench_queue *in = &end.shared->queues[(worker->index + threads - 1) % threads];
    const uint64_t count = (worker->params->ops + 1) / 2;
    const uint64_t window = (in->mask + 1) / 2;
    uint64_t made = 0, ended = 0;
    while (made < count || ended < count) {
        const bool may = made < count && made < ended + window; /* `ended` may be ahead */
        bench_block *mine = may ? bench_queue_back(out) : NULL;
        if (mine != NULL) {
            if (!bench_handoff_make(&end, mine))
                break;
            bench_queue_push(out);
            if (++made == count)
                bench_queue_publish(out);
        }
        bench_block *theirs = bench_queue_front(in);
        if (theirs != NULL) {
            if (!bench_handoff_end_block(&end, theirs))
                break;
            bench_queue_pop(in);
            ended++;
        }
        if (mine == NULL && theirs == NULL && !bench_handoff_wait(&end))
            break;
    }
    worker->ops = made + ended;
}

/* Room for twice as many as a thread may be ahead. */
static size_t bench_handoff_capacity(const bench_params *params) {
    size_t capacity = 2 * BENCH_QUEUE_GROUP;
    while (capacity < 2 * params->slots)
        capacity *= 2;
    return capacity;
}

static bench_result bench_handoff_run(const bench_allocator *allocator, const bench_params *params,
                                      size_t queue_count, void (*timed)(bench_worker *)) {
    const size_t capacity = bench_handoff_capacity(params);
    const size_t bytes = queue_count * (sizeof(bench_queue) + capacity * sizeof(bench_block));
    unsigned char *pages = bench_pages_take(bytes);
    if (pages == NULL)
        return (bench_result){.error = BENCH_ERROR_BOOKKEEPING};
    bench_handoff_shared shared = {.queues = (bench_queue *)(void *)pages};
    bench_block *blocks = (bench_block *)(void *)(pages + queue_count * sizeof(bench_queue));
    for (size_t i = 0; i < queue_count; i++) {
        shared.queues[i].blocks = blocks + i * capacity;
        shared.queues[i].mask = capacity - 1;
    }

    const bench_job job = {.timed = timed};
    bench_result result = bench_team_run(allocator, params, &job, &shared);
    for (size_t i = 0; i < queue_count; i++) { /* empty, unless the run failed */
        bench_block *block;
        while ((block = bench_queue_front(&shared.queues[i])) != NULL) {
            bench_block_give(block, allocator);
            bench_queue_pop(&shared.queues[i]);
        }
    }
    bench_pages_give(pages, bytes);
    return result;
}

bench_result bench_handoff_pairs(const bench_allocator *allocator, const bench_params *params) {
    return bench_handoff_run(allocator, params, params->threads / 2, bench_handoff_pairs_timed);
}

bench_result bench_handoff(const bench_allocator *allocator, const bench_params *params) {
    return bench_handoff_run(allocator, params, params->threads, bench_handoff_ring_timed);
}
