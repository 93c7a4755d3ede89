/* The small-block patterns: many allocations, then many frees, in a short time.
 *
 * burst: allocates `slots` blocks of random sizes, frees them all, and again. Even rounds free in
 * the order of allocation, as a queue does, odd ones in reverse, as a stack does: this shows an
 * allocator that is good at only one of the two.
 * ping-pong: the same with one slot, a malloc and its free.
 * interleaved: bursts of eight sizes at once, one block of each in turn, freed one size after the
 * other, so that neighbours in memory die at different times.
 *
 * The reports name the patterns and the classes (all the small ones), not counts. 1,024 blocks in
 * a burst are more than glibc keeps for a thread (7 of each size), and half a MiB, which stays in a
 * level 2 cache. */
#include "patterns.h"

#include "block.h"
#include "random.h"
#include "team.h"

enum { BENCH_INTERLEAVED_SIZES = 8 };

static const char *bench_burst_round(bench_worker *worker, bench_random *random, bool reverse) {
    const bench_allocator *allocator = worker->allocator;
    const bench_params *params = worker->params;
    const size_t count = params->slots;
    const size_t size_min = params->size_min, size_span = params->size_max - size_min + 1;
    bench_block *blocks = worker->memory;
    uint64_t checksum = worker->checksum;
    for (size_t i = 0; i < count; i++) {
        const uint64_t draw = bench_random_next(random);
        const size_t size = size_min + bench_random_lower(draw, size_span);
        if (!bench_block_take(&blocks[i], allocator, size, (uint32_t)draw))
            return BENCH_ERROR_MEMORY;
        checksum = bench_checksum_add(checksum, &blocks[i]);
    }
    worker->checksum = checksum;
    bool intact = true;
    for (size_t i = 0; i < count; i++)
        intact &= bench_block_give(&blocks[reverse ? count - 1 - i : i], allocator);
    return intact ? NULL : BENCH_ERROR_CONTENTS;
}

static const char *bench_interleaved_round(bench_worker *worker, bench_random *random,
                                           size_t first) {
    const bench_allocator *allocator = worker->allocator;
    const bench_params *params = worker->params;
    const size_t count = params->slots;
    const size_t span = params->size_max - params->size_min;
    size_t sizes[BENCH_INTERLEAVED_SIZES];
    for (size_t k = 0; k < BENCH_INTERLEAVED_SIZES; k++)
        sizes[k] = params->size_min + span * k / (BENCH_INTERLEAVED_SIZES - 1);

    bench_block *blocks = worker->memory;
    uint64_t checksum = worker->checksum;
    for (size_t i = 0; i < count; i++) {
        const size_t size = sizes[i % BENCH_INTERLEAVED_SIZES];
        if (!bench_block_take(&blocks[i], allocator, size, (uint32_t)bench_random_next(random)))
            return BENCH_ERROR_MEMORY;
        checksum = bench_checksum_add(checksum, &blocks[i]);
    }
    worker->checksum = checksum;
    bool intact = true;
    for (size_t k = 0; k < BENCH_INTERLEAVED_SIZES; k++)
        for (size_t i = (first + k) % BENCH_INTERLEAVED_SIZES; i < count;
             i += BENCH_INTERLEAVED_SIZES)
            intact &= bench_block_give(&blocks[i], allocator);
    return intact ? NULL : BENCH_ERROR_CONTENTS;
}

/* Whole rounds only, and at least one. */
static uint64_t bench_rounds(const bench_params *params) {
    const uint64_t rounds = params->ops / (2 * (uint64_t)params->slots);
    return rounds != 0 ? rounds : 1;
}

static void bench_burst_timed(bench_worker *worker) {
    bench_random random = bench_random_start(worker->params->seed, worker->index);
    const uint64_t rounds = bench_rounds(worker->params);
    for (uint64_t i = 0; i < rounds && worker->error == NULL; i++)
        worker->error = bench_burst_round(worker, &random, i % 2 != 0);
    worker->ops = rounds * 2 * worker->params->slots;
}

static void bench_interleaved_timed(bench_worker *worker) {
    bench_random random = bench_random_start(worker->params->seed, worker->index);
    const uint64_t rounds = bench_rounds(worker->params);
    for (uint64_t i = 0; i < rounds && worker->error == NULL; i++)
        worker->error = bench_interleaved_round(worker, &random, i);
    worker->ops = rounds * 2 * worker->params->slots;
}

/* A round that failed half way leaves blocks. */
static void bench_patterns_drain(bench_worker *worker) {
    bench_blocks_give(worker->memory, worker->params->slots, worker->allocator);
}

static bench_result bench_patterns_run(const bench_allocator *allocator, const bench_params *params,
                                       void (*timed)(bench_worker *)) {
    const bench_job job = {
        .memory_bytes = params->slots * sizeof(bench_block),
        .timed = timed,
        .drain = bench_patterns_drain,
    };
    return bench_team_run(allocator, params, &job, NULL);
}

bench_result bench_burst(const bench_allocator *allocator, const bench_params *params) {
    return bench_patterns_run(allocator, params, bench_burst_timed);
}

bench_result bench_interleaved(const bench_allocator *allocator, const bench_params *params) {
    return bench_patterns_run(allocator, params, bench_interleaved_timed);
}
