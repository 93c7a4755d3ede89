/* The other ways to allocate, in the loop of random-mixed: pick a slot, free its block if it has one, else
 * allocate one into it.
 *
 * zeroed: calloc. Sizes are log-uniform from 16 bytes to 256 KiB, so that some blocks come from memory that was
 * just freed and some from memory that the system has zeroed already. The first, the middle and the last byte are
 * checked, and up to half a KiB at either end is written, so that reused memory is not zero by chance.
 * aligned: aligned_alloc, at 32 to 4,096 bytes, eight alignments in equal shares, with random-mixed's sizes. An
 * allocator pays in memory for the gaps between blocks, and in time for finding a place. */
#include "kinds.h"

#include "block.h"
#include "logarithmic.h"
#include "random.h"
#include "team.h"

#include <string.h>

enum { BENCH_ZEROED_WRITTEN = 512, BENCH_ALIGNMENT_MIN = 32, BENCH_ALIGNMENTS = 8 };

#define BENCH_ERROR_ZERO "a block of calloc is not zero"
#define BENCH_ERROR_ALIGNMENT "a block is not aligned as asked"

/* Fills the slot; NULL, or why the run is void. */
typedef const char *bench_take(bench_block *block, const bench_allocator *allocator, size_t size,
                               uint64_t draw);

/* The whole block is live with its tag at both ends. */
static void settle(bench_block *block, unsigned char *start, size_t size, uint64_t draw) {
    block->start = start;
    block->size = (uint32_t)size;
    block->tag = (uint32_t)draw;
    start[0] = start[size - 1] = (unsigned char)draw;
}

static const char *take_zeroed(bench_block *block, const bench_allocator *allocator, size_t size,
                               uint64_t draw) {
    unsigned char *start = allocator->calloc(1, size);
    if (start == NULL)
        return BENCH_ERROR_MEMORY;
    const bool zero = (start[0] | start[size / 2] | start[size - 1]) == 0;
    const size_t written = size < BENCH_ZEROED_WRITTEN ? size : BENCH_ZEROED_WRITTEN;
    memset(start, 0xff, written);
    memset(start + size - written, 0xff, written);
    settle(block, start, size, draw);
    return zero ? NULL : BENCH_ERROR_ZERO;
}

static const char *take_aligned(bench_block *block, const bench_allocator *allocator, size_t size,
                                uint64_t draw) {
    const size_t alignment = (size_t)BENCH_ALIGNMENT_MIN << draw % BENCH_ALIGNMENTS;
    unsigned char *start = allocator->aligned_alloc(alignment, size);
    if (start == NULL)
        return BENCH_ERROR_MEMORY;
    settle(block, start, size, draw);
    return (uintptr_t)start % alignment == 0 ? NULL : BENCH_ERROR_ALIGNMENT;
}

static inline void run(bench_worker *worker, bench_take *take, bool logarithmic) {
    const bench_allocator allocator = *worker->allocator;
    const bench_params *params = worker->params;
    const bench_logarithmic sizes = bench_logarithmic_of(params->size_min, params->size_max);
    const size_t span = params->size_max - params->size_min + 1;
    bench_block *blocks = worker->memory;
    bench_random random = bench_random_start(params->seed, worker->index);
    for (; worker->ops < params->ops && worker->error == NULL; worker->ops++) {
        const uint64_t draw = bench_random_next(&random);
        bench_block *block = &blocks[bench_random_upper(draw, params->slots)];
        if (block->start != NULL) {
            if (!bench_block_give(block, &allocator))
                worker->error = BENCH_ERROR_CONTENTS;
            continue;
        }
        const size_t size = logarithmic ? bench_logarithmic_draw(&sizes, bench_random_next(&random))
                                        : params->size_min + bench_random_lower(draw, span);
        worker->error = take(block, &allocator, size, draw);
        worker->checksum = bench_checksum_add(worker->checksum, block);
    }
}

static void bench_zeroed_timed(bench_worker *worker) {
    run(worker, take_zeroed, true);
}

static void bench_aligned_timed(bench_worker *worker) {
    run(worker, take_aligned, false);
}

static void bench_kinds_drain(bench_worker *worker) {
    if (!bench_blocks_give(worker->memory, worker->params->slots, worker->allocator) &&
        worker->error == NULL)
        worker->error = BENCH_ERROR_CONTENTS;
}

static bench_result bench_kinds_run(const bench_allocator *allocator, const bench_params *params,
                                    void (*timed)(bench_worker *)) {
    const bench_job job = {
        .memory_bytes = params->slots * sizeof(bench_block),
        .timed = timed,
        .drain = bench_kinds_drain,
    };
    return bench_team_run(allocator, params, &job, NULL);
}

bench_result bench_zeroed(const bench_allocator *allocator, const bench_params *params) {
    return bench_kinds_run(allocator, params, bench_zeroed_timed);
}

bench_result bench_aligned(const bench_allocator *allocator, const bench_params *params) {
    return bench_kinds_run(allocator, params, bench_aligned_timed);
}
