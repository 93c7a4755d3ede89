/* growth: buffers that grow by realloc until they are done, as strings, vectors and read buffers do.
 *
 * `slots` buffers grow in random order from the smallest size to the largest and start again: every other one by
 * half of its size, as vectors of C++ do, the rest by an eighth, as lists of Python do. The new part of a buffer is
 * written at once. An allocator can extend a block in place, move its pages, or copy; it may leave holes into which the
 * next size does not fit.
 *
 * 16 bytes to 1 MiB make 28 steps of a half and 91 of an eighth; 64 buffers keep 12 MB live. */
#include "growth.h"

#include "block.h"
#include "random.h"
#include "team.h"

#include <string.h>

static size_t grown(size_t size, bool by_half) {
    return size + (by_half ? size / 2 : size / 8) + 8;
}

/* The first byte has the tag and stays; the last byte of the new part is written. */
static const char *buffer_grow(bench_block *buffer, const bench_allocator *allocator, size_t size) {
    unsigned char *start = allocator->realloc(buffer->start, size);
    if (start == NULL)
        return BENCH_ERROR_MEMORY;
    buffer->start = start;
    if (!bench_block_intact(buffer))
        return BENCH_ERROR_CONTENTS;
    memset(start + buffer->size, (unsigned char)buffer->tag, size - buffer->size);
    buffer->size = (uint32_t)size;
    return NULL;
}

static const char *buffer_step(bench_block *buffer, const bench_worker *worker, bool by_half,
                               uint32_t tag) {
    const bench_params *params = worker->params;
    if (buffer->start == NULL)
        return bench_block_take(buffer, worker->allocator, params->size_min, tag)
                   ? NULL
                   : BENCH_ERROR_MEMORY;
    const size_t size = grown(buffer->size, by_half);
    if (size <= params->size_max)
        return buffer_grow(buffer, worker->allocator, size);
    return bench_block_give(buffer, worker->allocator) ? NULL : BENCH_ERROR_CONTENTS;
}

static void bench_growth_timed(bench_worker *worker) {
    const bench_params *params = worker->params;
    bench_block *buffers = worker->memory;
    bench_random random = bench_random_start(params->seed, worker->index);
    while (worker->ops < params->ops && worker->error == NULL) {
        const uint64_t draw = bench_random_next(&random);
        const size_t slot = bench_random_upper(draw, params->slots);
        worker->error = buffer_step(&buffers[slot], worker, slot % 2 == 0, (uint32_t)draw);
        worker->checksum = bench_checksum_add(worker->checksum, &buffers[slot]);
        worker->ops++;
    }
}

static void bench_growth_drain(bench_worker *worker) {
    if (!bench_blocks_give(worker->memory, worker->params->slots, worker->allocator) &&
        worker->error == NULL)
        worker->error = BENCH_ERROR_CONTENTS;
}

bench_result bench_growth(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {
        .memory_bytes = params->slots * sizeof(bench_block),
        .timed = bench_growth_timed,
        .drain = bench_growth_drain,
    };
    return bench_team_run(allocator, params, &job, NULL);
}
