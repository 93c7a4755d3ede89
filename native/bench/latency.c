/* latency: the time of single calls after other threads, or the thread itself, have freed much memory.
 *
 * The first thread makes `ops` calls, and the time of each is noted (stopwatch.h). It works on 64 slots of blocks of
 * log-uniform sizes: three calls in four are malloc and free, the others calloc, aligned_alloc and realloc. With
 * large blocks, clearing and copying would take most of the time, so calloc and realloc have blocks to 16 KiB.
 * The blocks are touched between the calls, at both ends.
 *
 * The other threads disturb it until it is done; each of them allocates `slots` MiB at a time:
 * - bursts: in blocks of 4 MiB, written whole, by a new thread, which frees them and ends. The thread that
 *   frees next finds them free.
 * - growth: in blocks of 512 B, all of which are then freed.
 * - ends: a thread a sixteenth of it, in blocks of 16 B to 64 KiB, of which it leaves half to the next
 *   one; it ends with its caches full.
 * Two workloads have no other thread, and write each page of their blocks:
 * - phases: `slots` MiB live in blocks of a quarter of the range of sizes, then all of it is freed, and the next
 *   quarter comes.
 * - idle: `slots` MiB allocated and freed again and again, with a pause of 0.7 s after each time: by then what was
 *   free has gone back.
 *
 * The largest blocks are 4 MiB, as a server's buffers; 512 MiB are what a service may free at a time. */
#include "latency.h"

#include "block.h"
#include "logarithmic.h"
#include "os/symbols_linux.h"
#include "random.h"
#include "stopwatch.h"
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    BENCH_LATENCY_SLOTS = 64,
    BENCH_LATENCY_PAGE = 4096,
    BENCH_COPIED_MAX = 16 << 10,
    BENCH_IDLE_MILLISECONDS = 700,
    BENCH_BURST_BYTES = 4 << 20,
    BENCH_GROWTH_BYTES = 512,
    BENCH_ENDS_SHARE = 16,
    BENCH_ENDS_MAX = 64 << 10
};

/* ---- timed calls ---- */

typedef struct bench_caller {
    bench_worker *worker;
    bench_allocator allocator;
    bench_logarithmic sizes;
    bench_random random;
    bench_stopwatch watch;
    bool touches_all; /* or only the first and the last page */
    bench_block slots[BENCH_LATENCY_SLOTS];
} bench_caller;

/* Writes the tags that show whether the block is intact; false where there is no block. */
static bool block_touch(const bench_caller *caller, bench_block *block, unsigned char *start,
                        size_t size, uint32_t tag) {
    if (start == NULL)
        return false;
    for (size_t at = BENCH_LATENCY_PAGE; at < size && caller->touches_all; at += BENCH_LATENCY_PAGE)
        start[at] = 1;
    start[0] = (unsigned char)tag;
    start[size - 1] = (unsigned char)tag;
    *block = (bench_block){start, (uint32_t)size, tag};
    return true;
}

/* Takes the result of a call; NULL makes the run void. */
static void caller_note(bench_caller *caller, bench_block *block, unsigned char *start, size_t size,
                        uint64_t draw) {
    bench_worker *worker = caller->worker;
    if (!block_touch(caller, block, start, size, (uint32_t)(draw >> 8)))
        worker->error = BENCH_ERROR_MEMORY;
    else
        worker->checksum = bench_checksum_add(worker->checksum, block);
    worker->ops++;
}

enum { LINE = 64 };

static void caller_take(bench_caller *caller, bench_block *block, size_t size, uint64_t draw) {
    unsigned char *start;
    bench_stopwatch_begin(&caller->watch);
    if (draw % 8 == 0 && size <= BENCH_COPIED_MAX)
        start = caller->allocator.calloc(1, size);
    else if (draw % 8 == 1)
        /* The size is a multiple of the alignment, as C11 requires. */
        start = caller->allocator.aligned_alloc(LINE, (size + LINE - 1) / LINE * LINE);
    else
        start = caller->allocator.malloc(size);
    bench_stopwatch_end(&caller->watch);
    caller_note(caller, block, start, size, draw);
}

static void caller_give(bench_caller *caller, bench_block *block) {
    bench_worker *worker = caller->worker;
    if (!bench_block_intact(block))
        worker->error = BENCH_ERROR_CONTENTS;
    bench_stopwatch_begin(&caller->watch);
    caller->allocator.free(block->start);
    bench_stopwatch_end(&caller->watch);
    block->start = NULL;
    worker->ops++;
}

static void caller_resize(bench_caller *caller, bench_block *block, size_t size, uint64_t draw) {
    bench_worker *worker = caller->worker;
    if (!bench_block_intact(block))
        worker->error = BENCH_ERROR_CONTENTS;
    bench_stopwatch_begin(&caller->watch);
    unsigned char *start = caller->allocator.realloc(block->start, size);
    bench_stopwatch_end(&caller->watch);
    caller_note(caller, block, start, size, draw);
}

static void caller_step(bench_caller *caller) {
    const uint64_t draw = bench_random_next(&caller->random);
    bench_block *block = &caller->slots[bench_random_upper(draw, BENCH_LATENCY_SLOTS)];
    const size_t size = bench_logarithmic_draw(&caller->sizes, bench_random_next(&caller->random));
    if (block->start == NULL)
        caller_take(caller, block, size, draw);
    else if (draw % 8 == 2 && size <= BENCH_COPIED_MAX && block->size <= BENCH_COPIED_MAX)
        caller_resize(caller, block, size, draw);
    else
        caller_give(caller, block);
}

static bool caller_goes_on(const bench_caller *caller) {
    return caller->worker->error == NULL && caller->worker->ops < caller->worker->params->ops;
}

static bench_caller *caller_open(bench_worker *worker) {
    bench_caller *caller = worker->memory;
    const bench_params *params = worker->params;
    caller->worker = worker;
    caller->allocator = *worker->allocator;
    caller->sizes = bench_logarithmic_of(params->size_min, params->size_max);
    caller->random = bench_random_start(params->seed, worker->index);
    /* A preloaded allocator was initialised before main, a linked one is initialised by its first call. */
    caller->allocator.free(caller->allocator.malloc(1));
    bench_stopwatch_open(&caller->watch);
    return caller;
}

static void caller_close(bench_caller *caller) {
    bench_stopwatch_close(&caller->watch);
    caller->worker->latency = bench_stopwatch_figures(&caller->watch);
}

static void caller_drain(bench_worker *worker) {
    bench_caller *caller = worker->memory;
    if (worker->index == 0 &&
        !bench_blocks_give(caller->slots, BENCH_LATENCY_SLOTS, worker->allocator) &&
        worker->error == NULL)
        worker->error = BENCH_ERROR_CONTENTS;
}

/* ---- threads that disturb it ---- */

/* A list of blocks through their first bytes: a table would be memory of its own. */
typedef struct bench_link {
    struct bench_link *next;
} bench_link;

typedef struct bench_disturber {
    const bench_allocator *allocator;
    const bench_params *params;
    _Atomic(bool) *done;
    bench_link *left; /* by the thread before */
    bench_random random;
    const char *error;
} bench_disturber;

static bool is_over(const bench_disturber *self) {
    return atomic_load_explicit(self->done, memory_order_relaxed);
}

static void list_free(bench_disturber *self, bench_link **list) {
    while (*list != NULL) {
        bench_link *next = (*list)->next;
        self->allocator->free(*list);
        *list = next;
    }
}

static void list_add(bench_disturber *self, bench_link **list, size_t size) {
    unsigned char *start = self->allocator->malloc(size);
    if (start == NULL) {
        self->error = BENCH_ERROR_MEMORY;
        return;
    }
    for (size_t at = 0; at < size; at += BENCH_LATENCY_PAGE)
        start[at] = 1;
    bench_link *link = (bench_link *)(void *)start;
    link->next = *list;
    *list = link;
}

static void fill(bench_disturber *self, size_t size) {
    bench_link *list = NULL;
    const uint64_t whole = (uint64_t)self->params->slots << 20;
    for (uint64_t bytes = 0; bytes < whole && self->error == NULL && !is_over(self); bytes += size)
        list_add(self, &list, size);
    list_free(self, &list);
}

static void *burst(void *self) {
    fill(self, BENCH_BURST_BYTES);
    return NULL;
}

static void *growth(void *self) {
    fill(self, BENCH_GROWTH_BYTES);
    return NULL;
}

static void *end(void *argument) {
    bench_disturber *self = argument;
    const bench_logarithmic sizes = bench_logarithmic_of(16, BENCH_ENDS_MAX);
    const uint64_t whole = ((uint64_t)self->params->slots << 20) / BENCH_ENDS_SHARE;
    bench_link *own = NULL, *left = NULL;
    for (uint64_t bytes = 0; bytes < whole && self->error == NULL && !is_over(self);) {
        const uint64_t draw = bench_random_next(&self->random);
        const size_t size = bench_logarithmic_draw(&sizes, draw);
        list_add(self, draw % 2 == 0 ? &own : &left, size);
        bytes += size;
    }
    list_free(self, &own);
    list_free(self, &self->left);
    self->left = left;
    return NULL;
}

typedef struct bench_latency_run {
    _Atomic(bool) done;
    void *(*disturb)(void *disturber);
    bool in_new_threads;
} bench_latency_run;

static void disturb_all_along(bench_worker *worker, bench_latency_run *run) {
    bench_disturber self = {
        .allocator = worker->allocator,
        .params = worker->params,
        .done = &run->done,
        .random = bench_random_start(worker->params->seed, worker->index),
    };
    while (!is_over(&self) && self.error == NULL) {
        pthread_t thread;
        if (!run->in_new_threads)
            run->disturb(&self);
        else if (pthread_create(&thread, NULL, run->disturb, &self) == 0)
            pthread_join(thread, NULL);
        else
            self.error = "a thread could not be started";
    }
    list_free(&self, &self.left);
    worker->error = self.error;
}

static void disturbed_timed(bench_worker *worker) {
    bench_latency_run *run = worker->shared;
    if (worker->index != 0) {
        disturb_all_along(worker, run);
        return;
    }
    bench_caller *caller = caller_open(worker);
    while (caller_goes_on(caller))
        caller_step(caller);
    caller_close(caller);
    atomic_store_explicit(&run->done, true, memory_order_relaxed);
}

static bench_result run_disturbed(const bench_allocator *allocator, const bench_params *params,
                                  bench_latency_run run) {
    const bench_job job = {
        .memory_bytes = sizeof(bench_caller),
        .timed = disturbed_timed,
        .drain = caller_drain,
    };
    return bench_team_run(allocator, params, &job, &run);
}

bench_result bench_latency_bursts(const bench_allocator *allocator, const bench_params *params) {
    return run_disturbed(allocator, params,
                         (bench_latency_run){.disturb = burst, .in_new_threads = true});
}

bench_result bench_latency_growth(const bench_allocator *allocator, const bench_params *params) {
    return run_disturbed(allocator, params, (bench_latency_run){.disturb = growth});
}

bench_result bench_latency_ends(const bench_allocator *allocator, const bench_params *params) {
    return run_disturbed(allocator, params,
                         (bench_latency_run){.disturb = end, .in_new_threads = true});
}

/* ---- without other threads ---- */

enum { BENCH_LATENCY_QUARTERS = 4 };

/* The live blocks as a list through the blocks themselves: a table of them would take megabytes. */
typedef struct bench_noted {
    struct bench_noted *next;
    uint32_t size, tag;
} bench_noted;

_Static_assert(sizeof(bench_noted) < BENCH_LATENCY_SIZE_FLOOR, "the last byte is after the note");

/* Allocates until `slots` MiB are live, then frees all blocks in the order of allocation. */
static void swell(bench_caller *caller, const bench_logarithmic *sizes) {
    caller->touches_all = true;
    const uint64_t whole = (uint64_t)caller->worker->params->slots << 20;
    bench_noted *first = NULL, **last = &first;
    for (uint64_t live = 0; live < whole && caller_goes_on(caller);) {
        const uint64_t draw = bench_random_next(&caller->random);
        const size_t size = bench_logarithmic_draw(sizes, bench_random_next(&caller->random));
        bench_block block = {NULL, 0, 0};
        caller_take(caller, &block, size, draw);
        if (block.start == NULL)
            break;
        bench_noted *noted = (bench_noted *)(void *)block.start;
        *noted = (bench_noted){NULL, block.size, block.tag};
        *last = noted;
        last = &noted->next;
        live += size;
    }
    while (first != NULL) {
        bench_block block = {(unsigned char *)first, first->size, first->tag};
        first = first->next;
        block.start[0] = (unsigned char)block.tag; /* the note was there */
        caller_give(caller, &block);
    }
}

static void phases_timed(bench_worker *worker) {
    bench_caller *caller = caller_open(worker);
    const bench_params *params = worker->params;
    const bench_logarithmic all = caller->sizes;
    const uint64_t quarter = all.span / BENCH_LATENCY_QUARTERS;
    for (unsigned phase = 0; caller_goes_on(caller); phase++) {
        const uint64_t low = all.low + quarter * (phase % BENCH_LATENCY_QUARTERS);
        const bench_logarithmic sizes = {low, quarter, params->size_min, params->size_max};
        swell(caller, &sizes);
    }
    caller_close(caller);
}

static void idle_timed(bench_worker *worker) {
    bench_caller *caller = caller_open(worker);
    while (caller_goes_on(caller)) {
        const uint64_t before = bench_clock_nanoseconds();
        bench_idle(BENCH_IDLE_MILLISECONDS);
        worker->started += bench_clock_nanoseconds() - before;
        swell(caller, &caller->sizes);
    }
    caller_close(caller);
}

static bench_result run_alone(const bench_allocator *allocator, const bench_params *params,
                              void (*timed)(bench_worker *)) {
    const bench_job job = {.memory_bytes = sizeof(bench_caller), .timed = timed};
    return bench_team_run(allocator, params, &job, NULL);
}

bench_result bench_latency_phases(const bench_allocator *allocator, const bench_params *params) {
    return run_alone(allocator, params, phases_timed);
}

bench_result bench_latency_idle(const bench_allocator *allocator, const bench_params *params) {
    return run_alone(allocator, params, idle_timed);
}
