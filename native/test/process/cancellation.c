/* Deferred cancellation: no function of superslab is a cancellation point. A cancelled thread completes all its calls of
 * the allocator and ends at its own cancellation point; no block is lost and no lock stays held. */
#include "block.h"
#include "check.h"
#include "model.h"
#include "parcel.h"
#include "stats.h"
#include "table.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CANCELLED = CHECK_SCALED(50), STEPPERS = 3, REGION_BYTES = 1 << 20 };

static uint64_t seed;

/* ---- one thread, cancelled before it begins ---- */

typedef struct traveller {
    atomic_bool cancelled, arrived;
    model shadow;
    parcel *through;
    void *region_memory;
} traveller;

static void ask_everything(traveller *self) {
    superslab_inspection inspection;
    superslab_stats stats;
    uint32_t offsets[50];
    model_step(&self->shadow, 2000);
    superslab_prewarm(500, 100);
    superslab_free(block_resize(block_resize(block_new(3 << 20), 9 << 20), 1 << 20));
    superslab_free(block_new_aligned(1 << 20, 1 << 20));
    superslab_region *region =
        superslab_region_adopt(self->region_memory, REGION_BYTES, REGION_BYTES);
    CHECK_EQ(superslab_region_take(region, 900, offsets, 50), 50);
    CHECK_EQ(superslab_region_give(region, offsets, 50), 50);
    superslab_region_retire(region);
    superslab_inspect((uintptr_t)&inspection, &inspection); /* a read through the system */
    superslab_inspect(1, &inspection);
    CHECK_EQ(superslab_check(&inspection), SUPERSLAB_ERROR_UNKNOWN_POINTER);
    superslab_get_stats(&stats);
    superslab_trim();
    model_check(&self->shadow);
}

static void cleanup(void *argument) {
    traveller *self = argument;
    CHECK_THAT(atomic_load(&self->arrived), "a call of the allocator was a cancellation point");
    parcel_free(self->through);
    model_end(&self->shadow);
}

static void *travel(void *argument) {
    traveller *self = argument;
    pthread_cleanup_push(cleanup, self);
    while (!atomic_load(&self->cancelled))
        ;
    self->through = parcel_new(1000, 1);
    ask_everything(self);
    atomic_store(&self->arrived, true);
    for (;;)
        pthread_testcancel();
    pthread_cleanup_pop(0);
}

static void cancel_traveller(unsigned number, void *region_memory) {
    traveller one = {.region_memory = region_memory};
    pthread_t thread;
    void *result;
    model_start(&one.shadow, seed + number, 200, number % 2 == 0 ? 2000 : 300000);
    CHECK_EQ(pthread_create(&thread, NULL, travel, &one), 0);
    CHECK_EQ(pthread_cancel(thread), 0);
    atomic_store(&one.cancelled, true);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
}

/* ---- several threads, cancelled at any time ---- */

static void stepper_cleanup(void *shadow) {
    model_check(shadow);
    model_end(shadow);
}

static void *step(void *number) {
    model shadow;
    model_start(&shadow, seed + (uintptr_t)number, 500, 60000);
    pthread_cleanup_push(stepper_cleanup, &shadow);
    for (;;) {
        model_step(&shadow, 20);
        pthread_testcancel();
    }
    pthread_cleanup_pop(0);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    void *region_memory = table_new(1, REGION_BYTES);
    const superslab_stats before = stats_start();
    for (unsigned i = 0; i < CANCELLED; i++) {
        pthread_t threads[STEPPERS];
        for (uintptr_t j = 0; j < STEPPERS; j++)
            CHECK_EQ(pthread_create(&threads[j], NULL, step, (void *)(i * STEPPERS + j)), 0);
        cancel_traveller(i, region_memory);
        for (unsigned j = 0; j < STEPPERS; j++)
            CHECK_EQ(pthread_cancel(threads[j]), 0);
        for (unsigned j = 0; j < STEPPERS; j++)
            CHECK_EQ(pthread_join(threads[j], NULL), 0);
        stats_check_returned(&before);
        CHECK_EQ(stats_now().thread_count, before.thread_count);
    }
}
