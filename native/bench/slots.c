#include "slots.h"

#include "team.h"

const char *bench_slots_run(bench_slots *slots, uint64_t ops) {
    /* Copies, so that the compiler keeps them in registers over the calls of the allocator. */
    const bench_allocator allocator = *slots->allocator;
    bench_block *const blocks = slots->blocks;
    const size_t count = slots->count, size_min = slots->size_min, size_span = slots->size_span;
    bench_random random = slots->random;
    uint64_t checksum = slots->checksum;
    const char *error = NULL;

    for (uint64_t i = 0; i < ops; i++) {
        const uint64_t draw = bench_random_next(&random);
        bench_block *block = &blocks[bench_random_upper(draw, count)];
        if (block->start != NULL) {
            if (!bench_block_give(block, &allocator)) {
                error = BENCH_ERROR_CONTENTS;
                break;
            }
        } else {
            const size_t size = size_min + bench_random_lower(draw, size_span);
            if (!bench_block_take(block, &allocator, size, (uint32_t)draw)) {
                error = BENCH_ERROR_MEMORY;
                break;
            }
            checksum = bench_checksum_add(checksum, block);
        }
    }
    slots->random = random;
    slots->checksum = checksum;
    return error;
}

const char *bench_slots_drain(bench_slots *slots) {
    return bench_blocks_give(slots->blocks, slots->count, slots->allocator) ? NULL
                                                                            : BENCH_ERROR_CONTENTS;
}

bench_slots bench_slots_start(const bench_allocator *allocator, const bench_params *params,
                              bench_block *blocks, uint64_t stream) {
    return (bench_slots){
        .allocator = allocator,
        .blocks = blocks,
        .count = params->slots,
        .size_min = params->size_min,
        .size_span = params->size_max - params->size_min + 1,
        .random = bench_random_start(params->seed, stream),
    };
}

static bench_slots bench_slots_of(const bench_worker *worker) {
    return bench_slots_start(worker->allocator, worker->params, worker->memory, worker->index);
}

static void bench_slots_timed(bench_worker *worker) {
    bench_slots slots = bench_slots_of(worker);
    worker->error = bench_slots_run(&slots, worker->params->ops);
    worker->ops = worker->params->ops;
    worker->checksum = slots.checksum;
}

static void bench_slots_drain_worker(bench_worker *worker) {
    bench_slots slots = bench_slots_of(worker);
    const char *error = bench_slots_drain(&slots);
    if (worker->error == NULL)
        worker->error = error;
}

bench_result bench_own_slots(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {
        .memory_bytes = params->slots * sizeof(bench_block),
        .timed = bench_slots_timed,
        .drain = bench_slots_drain_worker,
    };
    return bench_team_run(allocator, params, &job, NULL);
}

bench_result bench_divided_slots(const bench_allocator *allocator, const bench_params *params) {
    bench_params share = *params;
    share.slots = params->slots > params->threads ? params->slots / params->threads : 1;
    return bench_own_slots(allocator, &share);
}
