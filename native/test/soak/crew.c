#include "crew.h"

#include "check.h"
#include "child.h"
#include "claim.h"
#include "model.h"
#include "parcel.h"
#include "queue.h"
#include "rng.h"
#include "stats.h"
#include "table.h"
#include "team.h"
#include "workload.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static uint64_t seed;
static atomic_bool over;
static _Atomic uint64_t operations, threads;

static bool working(void) {
    return !atomic_load_explicit(&over, memory_order_relaxed);
}

static void count(uint64_t done) {
    atomic_fetch_add_explicit(&operations, done, memory_order_relaxed);
}

static void pause_ms(long milliseconds) {
    nanosleep(&(struct timespec){0, milliseconds * 1000000}, NULL);
}

/* A number that no other call returns, for seeds. */
static uint64_t fresh_seed(void) {
    static _Atomic uint64_t calls;
    return seed + 1000003 * atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
}

/* ---- models, handed from thread to thread ----
 * They live through all rounds, so their blocks grow as old as the soak. */

enum { MODEL_COUNT = 12, MODEL_STEPS = 400, MODEL_TURNS = 60 };

static const struct {
    size_t slots, size_max;
} shapes[MODEL_COUNT] = {
    {6000, 64},       {4000, 300},    {4000, 1100},    {2000, 1100},
    {1500, 8 << 10},  {800, 8 << 10}, {600, 64 << 10}, {300, 64 << 10},
    {120, 300 << 10}, {60, 1 << 20},  {16, 6 << 20},   {4, 40 << 20},
};
static model models[MODEL_COUNT];
static _Atomic(model *) shelf[MODEL_COUNT]; /* NULL: a thread has it */

static model *shelf_take(rng *random) {
    for (;;) {
        model *one = atomic_exchange_explicit(&shelf[rng_below(random, MODEL_COUNT)], NULL,
                                              memory_order_acquire);
        if (one != NULL)
            return one;
        sched_yield();
    }
}

static void shelf_put(model *one) {
    atomic_store_explicit(&shelf[one - models], one, memory_order_release);
}

/* Lives for some turns with one model or another. */
static void step_models(unsigned index, void *context) {
    (void)index;
    (void)context;
    rng random = {fresh_seed()};
    for (size_t turns = rng_below(&random, MODEL_TURNS); turns > 0 && working(); turns--) {
        model *one = shelf_take(&random);
        const uint64_t steps = one->size_max > 1 << 20 ? MODEL_STEPS / 20 : MODEL_STEPS;
        model_step(one, steps);
        if (rng_below(&random, 8) == 0)
            model_check(one);
        shelf_put(one);
        count(steps);
    }
}

/* ---- threads that live for ten allocations ---- */

enum { CHURN_TOGETHER = 4, CHURN_ALLOCATIONS = 10, BOARD_PLACES = 256 };

static _Atomic(parcel *) board[BOARD_PLACES];

static void allocate_ten(unsigned index, void *context) {
    (void)index;
    (void)context;
    rng random = {fresh_seed()};
    for (int i = 0; i < CHURN_ALLOCATIONS; i++) {
        parcel *mine = parcel_new(sizeof(parcel) + rng_log_size(&random, 100000), i);
        parcel_free(atomic_exchange_explicit(&board[rng_below(&random, BOARD_PLACES)], mine,
                                             memory_order_acq_rel));
    }
    count(2 * CHURN_ALLOCATIONS);
}

static void start_threads(team_function *function, unsigned together) {
    team_run(together, function, NULL);
    atomic_fetch_add_explicit(&threads, together, memory_order_relaxed);
}

static void keep_stepping(unsigned index, void *context) {
    (void)context;
    while (working())
        start_threads(step_models, 1 + index % 2);
}

static void keep_churning(unsigned index, void *context) {
    (void)index;
    (void)context;
    while (working()) {
        for (int i = 0; i < 20 && working(); i++)
            start_threads(allocate_ten, CHURN_TOGETHER);
        pause_ms(50);
    }
    for (size_t i = 0; i < BOARD_PLACES; i++)
        parcel_free(atomic_exchange_explicit(&board[i], NULL, memory_order_acquire));
}

/* ---- a handoff: one thread allocates, another resizes or frees ---- */

static queue handoff;

static void hand_over(unsigned index, void *context) {
    (void)index;
    (void)context;
    rng random = {fresh_seed()};
    while (working()) {
        for (int i = 0; i < QUEUE_COUNT; i++)
            queue_put(&handoff, parcel_new(sizeof(parcel) + rng_log_size(&random, 50000), i));
        count(QUEUE_COUNT);
    }
    queue_put(&handoff, NULL);
}

static void take_over(unsigned index, void *context) {
    (void)index;
    (void)context;
    rng random = {fresh_seed()};
    parcel *kept[64] = {NULL}, *got;
    for (uint64_t i = 0; (got = queue_take(&handoff)) != NULL; i++) {
        parcel **place = &kept[rng_below(&random, 64)];
        parcel_free(*place);
        *place = rng_below(&random, 8) == 0
                     ? parcel_resize(got, sizeof(parcel) + rng_log_size(&random, 90000))
                     : got;
        if (i % 1024 == 0)
            count(1024);
    }
    for (size_t i = 0; i < 64; i++)
        parcel_free(kept[i]);
}

/* ---- the benchmark's workloads, each against its own first checksum ---- */

enum { WORKLOADS_MAX = 32, WORKLOAD_OPERATIONS = CHECK_SCALED(40000), WORKLOAD_SLOTS_MAX = 512 };

static uint64_t checksums[WORKLOADS_MAX];

static void run_workloads(unsigned index, void *context) {
    (void)index;
    (void)context;
    static size_t next; /* goes on from round to round */
    const bench_allocator *allocator = bench_allocator_find("superslab");
    for (; working(); next++) {
        if (bench_workloads[next].name == NULL)
            next = 0;
        CHECK_LT(next, WORKLOADS_MAX);
        const bench_workload *workload = &bench_workloads[next];
        if (workload->is_program)
            continue;
        bench_params params = workload->defaults;
        params.threads = workload->threads_unit == 1 ? 2 : workload->threads_unit;
        params.ops = params.size_max > 64 << 10 ? WORKLOAD_OPERATIONS / 20 : WORKLOAD_OPERATIONS;
        if (params.slots > WORKLOAD_SLOTS_MAX)
            params.slots = WORKLOAD_SLOTS_MAX;
        const bench_result result = workload->run(allocator, &params);
        CHECK_THAT(result.error == NULL, "%s: %s", workload->name, result.error);
        if (checksums[next] == 0)
            checksums[next] = result.checksum;
        CHECK_EQ(result.checksum, checksums[next]);
        count(result.ops);
        atomic_fetch_add_explicit(&threads, params.threads, memory_order_relaxed);
    }
}

/* ---- regions that come and go ---- */

enum { REGION_BYTES = 2 << 20, REGION_BLOCKS = 400 };

static void *region_memory;

static void use_regions(unsigned index, void *context) {
    (void)index;
    (void)context;
    rng random = {fresh_seed()};
    uint32_t offsets[REGION_BLOCKS];
    while (working()) {
        superslab_region *region =
            superslab_region_adopt(region_memory, REGION_BYTES / 2, REGION_BYTES);
        CHECK(region != NULL);
        superslab_region_grow(region, REGION_BYTES);
        claims held;
        claims_start(&held, region, REGION_BYTES);
        for (int round = 0; round < 20; round++) {
            const size_t size = rng_log_size(&random, 100000);
            const size_t want = 1 + rng_below(&random, REGION_BLOCKS);
            const size_t got = superslab_region_take(region, size, offsets, want);
            for (size_t i = 0; i < got; i++)
                claims_take(&held, offsets[i], size);
            for (size_t i = 0; i < got; i++)
                claims_give(&held, offsets[i]);
            CHECK_EQ(superslab_region_give(region, offsets, got), got);
            count(2 * got);
        }
        claims_end(&held);
        superslab_region_retire(region);
        pause_ms(20);
    }
}

/* ---- trims, statistics and other calls of an operator ---- */

static void step_own(unsigned index, void *number) {
    model shadow;
    model_start(&shadow, seed + index + *(uint64_t *)number, 200, 100000);
    model_step(&shadow, 1000);
    model_end(&shadow);
}

static void fork_child(void *number) {
    uint64_t *generation = number;
    step_own(0, number);
    superslab_trim();
    /* AddressSanitizer's own allocator may have been in use at the fork: then a new thread waits for its lock for ever. */
    if (!CHECK_SANITIZED && *generation % 3 == 0)
        team_run(2, step_own, number);
    if (*generation % 4 == 0) {
        ++*generation;
        const child_result child = child_run(fork_child, number);
        child_check_clean(&child);
    }
}

static void keep_forking(unsigned index, void *context) {
    (void)index;
    (void)context;
    /* ThreadSanitizer allows the child of a process with threads none of its own. */
    for (uint64_t i = 0; !CHECK_TSAN && working(); i++) {
        uint64_t number = i;
        const child_result child = child_run(fork_child, &number);
        child_check_clean(&child);
        pause_ms(20);
    }
}

static void disturb(unsigned index, void *context) {
    (void)index;
    (void)context;
    rng random = {fresh_seed()};
    for (uint64_t i = 0; working(); i++) {
        pause_ms(100);
        superslab_stats stats;
        superslab_inspection inspection;
        superslab_get_stats(&stats);
        for (int looks = 0; looks < 100; looks++)
            superslab_inspect((uintptr_t)region_memory + rng_below(&random, REGION_BYTES),
                              &inspection);
        if (i % 4 == 1)
            superslab_trim();
        if (i % 10 == 5)
            superslab_prewarm(rng_log_size(&random, 4000), 100);
    }
}

/* ---- rounds ---- */

static team_function *const roles[] = {keep_stepping, keep_stepping, keep_churning,
                                       hand_over,     take_over,     run_workloads,
                                       use_regions,   disturb,       keep_forking};
enum { ROLE_COUNT = sizeof roles / sizeof *roles };

static void play(unsigned index, void *context) {
    roles[index](index, context);
}

static team round_team;

void crew_start(uint64_t wanted_seed) {
    seed = wanted_seed;
    region_memory = table_new(1, REGION_BYTES);
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        model_start(&models[i], fresh_seed(), shapes[i].slots, shapes[i].size_max);
        shelf_put(&models[i]);
    }
}

void crew_end(void) {
    for (size_t i = 0; i < MODEL_COUNT; i++)
        model_end(&models[i]);
    table_free(region_memory, 1, REGION_BYTES);
}

void crew_begin(void) {
    atomic_store(&over, false);
    team_start(&round_team, ROLE_COUNT, play, NULL);
    atomic_fetch_add_explicit(&threads, ROLE_COUNT, memory_order_relaxed);
}

void crew_finish(void) {
    atomic_store(&over, true);
    team_join(&round_team);
}

uint64_t crew_operations(void) {
    return atomic_load_explicit(&operations, memory_order_relaxed);
}

uint64_t crew_threads(void) {
    return atomic_load_explicit(&threads, memory_order_relaxed);
}

void crew_live(uint64_t *blocks, uint64_t *bytes) {
    *blocks = *bytes = 0;
    for (size_t i = 0; i < MODEL_COUNT; i++)
        model_count(&models[i], blocks, bytes);
}
