/* The child of a fork has the parent's guarded blocks, gets new ones, and reports its own faults; also where other threads
 * of the parent were taking and giving them at the moment. */
#include "check.h"
#include "child.h"
#include "guard.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t *block;
static _Atomic bool stop;

static void use(void *context) {
    (void)context;
    for (unsigned i = 0; i < 64; i++)
        CHECK_EQ(block[i], i);
    CHECK_EQ(superslab_usable_size(block), 64);
    superslab_free(block);
    CHECK_EQ(superslab_check(block), SUPERSLAB_ERROR_DOUBLE_FREE);
    const uint64_t samples = stats_now().guard_samples;
    for (unsigned i = 0; i < 3; i++)
        superslab_free(guard_new(100));
    CHECK_GE(stats_now().guard_samples, samples + 3);
}

static void fault(void *context) {
    use(context);
    guard_write(block);
}

/* A child of a child, and a child that has no thread but its own from the start. */
static void twice(void *context) {
    const child_result result = child_run(use, context);
    child_check_clean(&result);
    use(context);
}

static void churn(unsigned index, void *context) {
    (void)context;
    void *kept[8] = {NULL};
    for (unsigned i = index; !atomic_load_explicit(&stop, memory_order_relaxed); i++) {
        superslab_free(kept[i % 8]);
        kept[i % 8] = superslab_malloc(40 + i % 100);
    }
    for (unsigned i = 0; i < 8; i++)
        superslab_free(kept[i]);
}

int main(void) {
    guard_begin(100);
    block = guard_new(64);
    for (unsigned i = 0; i < 64; i++)
        block[i] = (uint8_t)i;
    child_result result = child_run(use, NULL);
    child_check_clean(&result);
    result = child_run(twice, NULL);
    child_check_clean(&result);
    result = child_run(fault, NULL);
    guard_check_fault_end(&result);
    guard_check_report(result.text, "superslab: use after free: ", "  freed .*\n  allocated ");
    team threads;
    team_start(&threads, 4, churn, NULL);
    for (unsigned i = 0; i < CHECK_SCALED(40u); i++) {
        result = child_run(use, NULL);
        child_check_clean(&result);
    }
    atomic_store_explicit(&stop, true, memory_order_relaxed);
    team_join(&threads);
    for (unsigned i = 0; i < 64; i++)
        CHECK_EQ(block[i], i);
    superslab_free(block);
}
