/* survivors: a program that once used much memory keeps a few blocks scattered over it.
 *
 * Each thread allocates `slots` MiB in blocks of log-uniform sizes and writes all of them, then frees all
 * but one in a thousand, in the order of allocation. The resident memory is read a second later; then the rest is
 * freed and the resident memory read once more. `ops` has no effect.
 *
 * The blocks are a list through their own first words: a table of them would be resident too, and as large as
 * the memory that an allocator is allowed to keep. */
#include "survivors.h"

#include "block.h"
#include "logarithmic.h"
#include "platform.h"
#include "random.h"
#include "team.h"

#include <string.h>

enum { BENCH_ONE_IN = 1000, BENCH_IDLE_MILLISECONDS = 1000 };

typedef struct bench_survivor {
    struct bench_survivor *next;
    uint64_t size;
} bench_survivor;

_Static_assert(sizeof(bench_survivor) == BENCH_SURVIVORS_SIZE_FLOOR, "fits the smallest block");

typedef struct bench_survivors_state {
    bench_survivor *first;
} bench_survivors_state;

static void bench_survivors_timed(bench_worker *worker) {
    const bench_params *params = worker->params;
    const bench_logarithmic sizes = bench_logarithmic_of(params->size_min, params->size_max);
    bench_survivors_state *state = worker->memory;
    bench_random random = bench_random_start(params->seed, worker->index);
    bench_survivor *first = NULL, **last = &first;
    uint64_t live = 0, count = 0;
    for (; live < (uint64_t)params->slots << 20; count++) {
        const size_t size = bench_logarithmic_draw(&sizes, bench_random_next(&random));
        bench_survivor *block = worker->allocator->malloc(size);
        if (block == NULL) {
            worker->error = BENCH_ERROR_MEMORY;
            break;
        }
        memset(block, (int)(count & 0xff), size);
        *block = (bench_survivor){NULL, size};
        *last = block;
        last = &block->next;
        live += size;
        worker->checksum = ((worker->checksum << 1) | (worker->checksum >> 63)) + size;
    }
    worker->seen.peak_live = live;
    worker->ops = count;
    /* One in a thousand by chance, because every thousandth block would lie at the same place in each slab. */
    bench_survivor **keep = &state->first;
    for (bench_survivor *block = first, *next; block != NULL; block = next) {
        next = block->next;
        if (bench_random_upper(bench_random_next(&random), BENCH_ONE_IN) == 0) {
            *keep = block;
            keep = &block->next;
            worker->seen.live += block->size;
        } else {
            worker->allocator->free(block);
            worker->ops++;
        }
    }
    *keep = NULL;
}

static void bench_survivors_drain(bench_worker *worker) {
    bench_survivors_state *state = worker->memory;
    bench_idle(BENCH_IDLE_MILLISECONDS);
    worker->seen.idle_rss = bench_resident_bytes();
    for (bench_survivor *block = state->first, *next; block != NULL; block = next) {
        next = block->next;
        worker->allocator->free(block);
    }
    bench_idle(BENCH_IDLE_MILLISECONDS);
    worker->seen.freed_rss = bench_resident_bytes();
}

bench_result bench_survivors(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {
        .memory_bytes = sizeof(bench_survivors_state),
        .timed = bench_survivors_timed,
        .drain = bench_survivors_drain,
    };
    return bench_team_run(allocator, params, &job, NULL);
}
