/* phases: a long run whose mix of sizes changes, at a constant amount of live memory.
 *
 * The program keeps `slots` MiB live. Sizes of one phase are log-uniform within a quarter of the whole range (in
 * doublings), and a phase lasts until one and a half times the live memory was allocated: by then most blocks of the
 * phase before have been freed, in random order. The rest of them lies scattered over the memory that the new sizes
 * need. Live and resident bytes are noted eight times in each phase, for the curve of the HTML page; that is not
 * timed. With an allocator that keeps free memory by size, by thread or by page, resident memory grows beyond the
 * live memory.
 *
 * The quarters come in an order in which sizes grow, shrink, jump and come back; the default is about once through. */
#include "phases.h"

#include "block.h"
#include "logarithmic.h"
#include "platform.h"
#include "random.h"
#include "team.h"

#include <stdatomic.h>

enum { BENCH_QUARTERS = 4, BENCH_PHASE_SAMPLES = 8, BENCH_BLOCKS_SHARE = 2 };

static const unsigned char quarters[] = {0, 1, 2, 3, 2, 0, 3, 1, 3, 0, 2, 1};

/* Shared by all threads. */
typedef struct bench_phases_run {
    _Atomic(uint64_t) live; /* bytes; every thread adds its changes, only the sum matters */
    uint64_t resident;      /* before the first block; the first thread's */
} bench_phases_run;

typedef struct bench_phases_state {
    bench_block *blocks; /* the first `count` are live */
    size_t count, limit;
    uint64_t live, target, allocated;
    uint64_t live_told, next_sample, sample_bytes;
    bench_random random;
} bench_phases_state;

/* The mean of the smallest quarter of the default sizes is 2.7 times the smallest size, so this many are never live at
 * once; if the sizes are closer together, a little less than `slots` MiB is live. */
static size_t block_limit(const bench_params *params) {
    return ((uint64_t)params->slots << 20) / params->size_min / BENCH_BLOCKS_SHARE /
               params->threads +
           1;
}

static bench_logarithmic quarter_of(const bench_params *params, unsigned quarter) {
    const bench_logarithmic all = bench_logarithmic_of(params->size_min, params->size_max);
    const uint64_t low = all.low + all.span * quarter / BENCH_QUARTERS;
    return (bench_logarithmic){low, all.span / BENCH_QUARTERS, params->size_min, params->size_max};
}

static const char *block_free(bench_phases_state *phases, bench_worker *worker) {
    const size_t index = bench_random_upper(bench_random_next(&phases->random), phases->count);
    bench_block *block = &phases->blocks[index];
    phases->live -= block->size;
    const bool intact = bench_block_give(block, worker->allocator);
    *block = phases->blocks[--phases->count];
    phases->blocks[phases->count].start = NULL;
    return intact ? NULL : BENCH_ERROR_CONTENTS;
}

static const char *block_make(bench_phases_state *phases, bench_worker *worker,
                              const bench_logarithmic *sizes) {
    const uint64_t draw = bench_random_next(&phases->random);
    const size_t size = bench_logarithmic_draw(sizes, draw);
    bench_block *block = &phases->blocks[phases->count];
    if (!bench_block_take(block, worker->allocator, size, (uint32_t)draw))
        return BENCH_ERROR_MEMORY;
    phases->count++;
    phases->live += size;
    phases->allocated += size;
    worker->checksum = bench_checksum_add(worker->checksum, block);
    return NULL;
}

/* Samples are taken half as often from here on: every other one is dropped. */
static void series_thin(bench_series *series, bench_phases_state *phases) {
    series->count /= 2;
    for (unsigned i = 0; i < series->count; i++)
        series->samples[i] = series->samples[2 * i + 1];
    phases->sample_bytes *= 2;
}

/* The first thread reads it, for the whole process. */
static void note_sample(bench_phases_state *phases, bench_worker *worker, bench_phases_run *run) {
    bench_series *series = &worker->series;
    /* A difference of unsigned numbers: right when it is below zero, too. */
    uint64_t change = phases->live - phases->live_told;
    uint64_t live = change + atomic_fetch_add_explicit(&run->live, change, memory_order_relaxed);
    phases->live_told = phases->live;
    if (worker->index == 0) {
        const uint64_t before = bench_clock_nanoseconds();
        const uint64_t resident = bench_resident_bytes();
        if (series->count == BENCH_SAMPLES)
            series_thin(series, phases);
        series->samples[series->count++] = (bench_sample){
            .ops = worker->ops,
            .live = live,
            .resident = resident > run->resident ? resident - run->resident : 0,
        };
        worker->started += bench_clock_nanoseconds() - before;
    }
    phases->next_sample = phases->allocated + phases->sample_bytes;
}

static void bench_phases_timed(bench_worker *worker) {
    const bench_params *params = worker->params;
    const uint64_t target = ((uint64_t)params->slots << 20) / params->threads;
    const uint64_t phase_bytes = target + target / 2;
    bench_phases_state phases = {
        .blocks = worker->memory,
        .limit = block_limit(params),
        .target = target,
        .next_sample = phase_bytes / BENCH_PHASE_SAMPLES,
        .sample_bytes = phase_bytes / BENCH_PHASE_SAMPLES,
        .random = bench_random_start(params->seed, worker->index),
    };
    bench_phases_run *run = worker->shared;
    bench_logarithmic sizes = quarter_of(params, quarters[0]);
    uint64_t phase = 0;
    if (worker->index == 0)
        run->resident = bench_resident_bytes();
    for (; worker->ops < params->ops && worker->error == NULL; worker->ops++) {
        if (phases.allocated / phase_bytes != phase) {
            phase = phases.allocated / phase_bytes;
            sizes = quarter_of(params, quarters[phase % sizeof quarters]);
        }
        const bool full = phases.live > target || phases.count == phases.limit;
        worker->error = full ? block_free(&phases, worker) : block_make(&phases, worker, &sizes);
        if (phases.allocated >= phases.next_sample)
            note_sample(&phases, worker, run);
    }
}

static void bench_phases_drain(bench_worker *worker) {
    bench_block *blocks = worker->memory;
    for (; blocks->start != NULL; blocks++)
        if (!bench_block_give(blocks, worker->allocator) && worker->error == NULL)
            worker->error = BENCH_ERROR_CONTENTS;
}

bench_result bench_phases(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {
        /* One more, which stays empty. */
        .memory_bytes = (block_limit(params) + 1) * sizeof(bench_block),
        .timed = bench_phases_timed,
        .drain = bench_phases_drain,
    };
    bench_phases_run run = {.resident = 0};
    return bench_team_run(allocator, params, &job, &run);
}
