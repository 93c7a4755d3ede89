/* fleet: the allocations of a fleet's programs together, as google/fleetbench publishes them: the rate of each size and
 * the number of its live blocks.
 *
 * By Little's law a size's mean lifetime is the number of its live blocks over its rate. Lifetimes are exponential. The
 * first population is drawn by the numbers of live blocks, so the memory that is live is the same from the start to the
 * end: superslab bench fleet scales the profile to it (`slots` is the scaled total of all threads, in MiB).
 * `ops` counts allocations and frees of each thread, the first population's among them. Each block is written in each 64
 * bytes and at its end when it is allocated, and read at both ends when it is freed. The first thread notes the live and
 * the resident bytes 128 times; that is not timed. */
#include "fleet.h"

#include "block.h"
#include "platform.h"
#include "random.h"
#include "team.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
    FLEET_LINE = 64,
    FLEET_BUCKET = 4, /* allocations: blocks that are due within them are freed together */
    FLEET_WHEEL = 1 << 18,
    FLEET_SPARE = 1 << 16
};

#define FLEET_ERROR_FILE "the file is none that superslab bench fleet has made"

typedef struct fleet_profile {
    const fleet_head *head;
    const fleet_class *classes;
    const double *quantiles;
    size_t bytes;
    _Atomic int64_t live; /* bytes; every thread adds its changes before the first takes a sample */
    uint64_t resident;    /* before the first block */
} fleet_profile;

typedef struct fleet_block {
    uint64_t due; /* a bucket */
    unsigned char *start;
    uint32_t size, next;
} fleet_block;

typedef struct fleet_state {
    bench_worker *worker;
    fleet_profile *profile;
    uint32_t *wheel; /* the first block of each bucket, index + 1 */
    fleet_block *blocks;
    uint32_t used, unused, limit; /* entries that were ever used; the list of unused ones; room */
    uint64_t bucket;
    int64_t live, live_told;
    bench_random random;
} fleet_state;

/* ---- the file ---- */

static bool class_fits(const fleet_class *class, uint64_t classes) {
    return class->size >= 1 && class->size <= BENCH_SIZE_MAX_BYTES && class->lifetime >= 0 &&
           class->lifetime < 1e15 && class->alias_rate >= 0 &&
           class->alias_rate < (double)classes && class->alias_live >= 0 &&
           class->alias_live < (double)classes;
}

static bool profile_fits(const fleet_profile *profile) {
    const fleet_head *head = profile->head;
    if (profile->bytes < sizeof *head || head->magic != FLEET_MAGIC || head->classes < 1 ||
        head->classes > FLEET_CLASSES_MOST ||
        profile->bytes !=
            sizeof *head + head->classes * sizeof(fleet_class) + FLEET_QUANTILES * sizeof(double) ||
        !(head->population >= 1 && head->population <= BENCH_SLOTS_MAX))
        return false;
    for (uint64_t i = 0; i < head->classes; i++)
        if (!class_fits(&profile->classes[i], head->classes))
            return false;
    const double *quantiles = (const double *)(const void *)(profile->classes + head->classes);
    for (unsigned i = 0; i < FLEET_QUANTILES; i++)
        if (!(quantiles[i] >= 0 && quantiles[i] < 100))
            return false;
    return true;
}

static const char *profile_open(const char *path, fleet_profile *profile) {
    const int descriptor = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor < 0)
        return path == NULL ? "this workload needs --file" : "the file cannot be opened";
    const off_t length =
        lseek(descriptor, 0, SEEK_END); /* fstat is a new function of the C library */
    const size_t most = sizeof(fleet_head) + FLEET_CLASSES_MOST * sizeof(fleet_class) +
                        FLEET_QUANTILES * sizeof(double);
    void *bytes = NULL;
    if (length > 0 && (size_t)length <= most && lseek(descriptor, 0, SEEK_SET) == 0) {
        profile->bytes = (size_t)length;
        bytes = bench_pages_take(profile->bytes);
    }
    const bool whole =
        bytes != NULL && read(descriptor, bytes, profile->bytes) == (ssize_t)profile->bytes;
    close(descriptor);
    profile->head = bytes;
    profile->classes = (const fleet_class *)(const void *)(profile->head + 1);
    if (whole && profile_fits(profile)) {
        profile->quantiles =
            (const double *)(const void *)(profile->classes + profile->head->classes);
        return NULL;
    }
    bench_pages_give(bytes, profile->bytes);
    return FLEET_ERROR_FILE;
}

/* ---- draws ---- */

static double unit(bench_random *random) {
    return (double)(bench_random_next(random) >> 11) * 0x1p-53;
}

static const fleet_class *draw_class(fleet_state *state, bool is_first) {
    const fleet_profile *profile = state->profile;
    const double place = unit(&state->random) * (double)profile->head->classes;
    const size_t index = (size_t)place;
    const fleet_class *class = &profile->classes[index];
    const double keep = is_first ? class->keep_live : class->keep_rate;
    const double alias = is_first ? class->alias_live : class->alias_rate;
    return place - (double)index < keep ? class : &profile->classes[(size_t)alias];
}

static uint64_t draw_buckets(fleet_state *state, const fleet_class *class) {
    const uint64_t draw = bench_random_next(&state->random);
    /* Each of several threads makes its part of the allocations. */
    const double lifetime = class->lifetime / (double)state->worker->params->threads;
    return (uint64_t)(state->profile->quantiles[draw % FLEET_QUANTILES] * lifetime / FLEET_BUCKET);
}

/* ---- blocks ---- */

static void touch(unsigned char *start, size_t size, unsigned char tag) {
    volatile unsigned char *byte = start;
    for (size_t at = 0; at < size; at += FLEET_LINE)
        byte[at] = tag;
    byte[size - 1] = tag;
}

static const char *make(fleet_state *state, bool is_first) {
    const fleet_class *class = draw_class(state, is_first);
    const size_t size = (size_t) class->size;
    const uint32_t index = state->unused != 0 ? state->unused : ++state->used;
    if (index > state->limit)
        return BENCH_ERROR_BOOKKEEPING;
    fleet_block *block = &state->blocks[index - 1];
    if (state->unused != 0)
        state->unused = block->next;
    unsigned char *start = state->worker->allocator->malloc(size);
    if (start == NULL)
        return BENCH_ERROR_MEMORY;
    touch(start, size, (unsigned char)index);
    /* A block due in the bucket that is being emptied waits until the wheel has turned once. */
    const uint64_t due = state->bucket + 1 + draw_buckets(state, class);
    uint32_t *first = &state->wheel[due % FLEET_WHEEL];
    *block = (fleet_block){due, start, (uint32_t)size, *first};
    *first = index;
    state->live += (int64_t)size;
    state->worker->ops++;
    state->worker->checksum =
        ((state->worker->checksum << 1) | (state->worker->checksum >> 63)) + size;
    return NULL;
}

static const char *give(fleet_state *state, uint32_t index) {
    fleet_block *block = &state->blocks[index - 1];
    const unsigned char tag = (unsigned char)index;
    const bool intact = block->start[0] == tag && block->start[block->size - 1] == tag;
    state->worker->allocator->free(block->start);
    state->live -= block->size;
    block->start = NULL;
    block->next = state->unused;
    state->unused = index;
    state->worker->ops++;
    return intact ? NULL : BENCH_ERROR_CONTENTS;
}

/* Blocks of the bucket that are due in a later turn of the wheel stay. */
static const char *empty_bucket(fleet_state *state) {
    uint32_t *first = &state->wheel[state->bucket % FLEET_WHEEL], index = *first;
    const char *error = NULL;
    *first = 0;
    while (index != 0 && error == NULL) {
        fleet_block *block = &state->blocks[index - 1];
        const uint32_t next = block->next;
        if (block->due <= state->bucket) {
            error = give(state, index);
        } else {
            block->next = *first;
            *first = index;
        }
        index = next;
    }
    return error;
}

/* ---- a thread ---- */

static void note_sample(fleet_state *state) {
    fleet_profile *profile = state->profile;
    bench_worker *worker = state->worker;
    const int64_t change = state->live - state->live_told;
    const int64_t live =
        change + atomic_fetch_add_explicit(&profile->live, change, memory_order_relaxed);
    state->live_told = state->live;
    if (worker->index != 0 || worker->series.count == BENCH_SAMPLES)
        return;
    const uint64_t before = bench_clock_nanoseconds();
    const uint64_t resident = bench_resident_bytes();
    worker->series.samples[worker->series.count++] =
        (bench_sample){worker->ops, live > 0 ? (uint64_t)live : 0,
                       resident > profile->resident ? resident - profile->resident : 0};
    worker->started += bench_clock_nanoseconds() - before;
}

static size_t blocks_limit(const fleet_profile *profile, unsigned threads) {
    return (size_t)(profile->head->population * 1.25) / threads + FLEET_SPARE;
}

static void fleet_timed(bench_worker *worker) {
    fleet_profile *profile = worker->shared;
    const bench_params *params = worker->params;
    const size_t limit = blocks_limit(profile, params->threads);
    fleet_state state = {
        .worker = worker,
        .profile = profile,
        .blocks = worker->memory,
        .wheel = (uint32_t *)(void *)((fleet_block *)worker->memory + limit),
        .limit = (uint32_t)limit,
        .random = bench_random_start(params->seed, worker->index),
    };
    const uint64_t population = (uint64_t)(profile->head->population / params->threads) + 1;
    const uint64_t step = params->ops / BENCH_SAMPLES + 1;
    uint64_t next_sample = step;
    const char *error = NULL;
    if (worker->index == 0)
        profile->resident = bench_resident_bytes();
    while (worker->ops < params->ops && error == NULL) {
        const bool is_first = worker->ops < population && state.bucket == 0;
        if (!is_first) {
            state.bucket++;
            error = empty_bucket(&state);
        }
        for (unsigned i = 0; i < FLEET_BUCKET && error == NULL; i++)
            error = make(&state, is_first);
        if (worker->ops >= next_sample) {
            note_sample(&state);
            next_sample = worker->ops + step;
        }
    }
    worker->error = error;
}

static void fleet_drain(bench_worker *worker) {
    const size_t limit = blocks_limit(worker->shared, worker->params->threads);
    fleet_block *blocks = worker->memory;
    for (size_t i = 0; i < limit; i++)
        worker->allocator->free(blocks[i].start);
}

/* ---- the workload ---- */

bench_result bench_fleet(const bench_allocator *allocator, const bench_params *params) {
    fleet_profile profile = {.bytes = 0};
    const char *error = profile_open(params->file, &profile);
    if (error != NULL)
        return (bench_result){.error = error};
    const size_t each = blocks_limit(&profile, params->threads) * sizeof(fleet_block) +
                        FLEET_WHEEL * sizeof(uint32_t);
    const bench_job job = {.memory_bytes = each, .timed = fleet_timed, .drain = fleet_drain};
    bench_result result = bench_team_run(allocator, params, &job, &profile);
    result.memory.own = each * params->threads + profile.bytes;
    bench_pages_give((void *)(uintptr_t)profile.head, profile.bytes);
    return result;
}
